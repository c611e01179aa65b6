using System.CommandLine;

namespace PodExecutor.Driver.Operations.Completion;

/// <summary>
/// <c>pod-executor completion bash|zsh|fish</c>: prints what makes the shell complete our words. The scripts know no word
/// themselves: they ask the program (System.CommandLine's [suggest] directive), so that they are never behind it.
/// </summary>
internal static class CompletionCommand
{
    private const string Bash = """
        # bash completion of pod-executor: put it into /etc/bash_completion.d, or source it
        _pod_executor() {
          local IFS=$'\n'
          COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" "[suggest:$COMP_POINT]" "$COMP_LINE" 2> /dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
        }
        complete -o default -F _pod_executor pod-executor
        """;

    private const string Zsh = """
        #compdef pod-executor
        # zsh completion of pod-executor: put it into a directory of $fpath as _pod-executor, or source it
        _pod_executor() {
          local line="${(j: :)words[1,CURRENT]}"
          local -a found
          found=("${(@f)$("${words[1]}" "[suggest:${#line}]" "$line" 2> /dev/null)}")
          if (( ${#found[1]} )); then compadd -a found; else _files; fi
        }
        compdef _pod_executor pod-executor
        """;

    private const string Fish = """
        # fish completion of pod-executor: put it into ~/.config/fish/completions/pod-executor.fish
        function __pod_executor_complete
            set -l line (commandline -cp)
            pod-executor "[suggest:"(string length -- "$line")"]" "$line" 2> /dev/null
        end
        complete -c pod-executor -a "(__pod_executor_complete)"
        """;

    public static Command Build()
    {
        var shell = new Argument<string>("SHELL") { Description = "bash, zsh or fish." };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish");
        var command = new Command("completion", "Prints the completion script of a shell.") { shell };
        command.SetAction(parse => Console.Out.WriteLine(Script(parse.GetValue(shell)!)));
        return command;
    }

    public static string Script(string shell) => shell switch
    {
        "zsh" => Zsh,
        "fish" => Fish,
        _ => Bash,
    };
}
