using System.CommandLine;
using System.Text;

namespace PodExecutor.Driver.Operations.Completion;

/// <summary>
/// pod-executor(1) in the man macros, made from the command line's own declarations: a verb or option that is not in the page
/// does not exist. Pure.
/// </summary>
internal static class ManualPage
{
    public static string Of(RootCommand root, string version)
    {
        var page = new StringBuilder();
        page.Append($".TH POD-EXECUTOR 1 \"\" \"pod-executor {Text(version.Split('+')[0])}\" \"User Commands\"\n");
        page.Append(".SH NAME\npod-executor \\- each GitLab job in its own Kubernetes pod\n");
        page.Append(".SH SYNOPSIS\n.B pod-executor\n[\\fB\\-\\-config\\fR \\fIFILE\\fR] \\fIVERB\\fR [\\fIOPTION\\fR...]\n");
        page.Append(".SH DESCRIPTION\nA custom executor of GitLab Runner. gitlab-runner calls config, prepare, run and cleanup; the other verbs are for people.\n");
        page.Append(".SH OPTIONS\n");
        Options(page, root.Options);
        page.Append(".SH VERBS\n");
        foreach (var verb in root.Subcommands.Where(c => !c.Hidden))
        {
            var arguments = verb.Arguments.Where(a => !a.Hidden).ToList();
            page.Append($".SS {Text(string.Join(' ', arguments.Select(Shown).Prepend(verb.Name)))}\n{Text(verb.Description)}\n");
            foreach (var argument in arguments)
            {
                page.Append($".TP\n.I {Text(argument.Name)}\n{Text(argument.Description)}\n");
            }

            Options(page, verb.Options);
        }

        page.Append("""
            .SH EXIT STATUS
            doctor, gc and migrate: 0 all is well; 1 warnings, or something is left to do; 2 doctor found errors; 3 the verb could not do its work.
            try: 0 the pipeline passed; 1 it did not; 3 there is nothing that could be run.
            The calls of gitlab-runner: 0, or BUILD_FAILURE_EXIT_CODE or SYSTEM_FAILURE_EXIT_CODE of the environment.
            .SH FILES
            .TP
            .I /etc/pod-executor/config.toml
            The options file. All keys: docs/settings.md.
            .SH SEE ALSO
            gitlab-runner(1), kubectl(1)

            """);
        return page.ToString();
    }

    private static void Options(StringBuilder page, IEnumerable<Option> options)
    {
        foreach (var option in options.Where(o => !o.Hidden))
        {
            var value = option.HelpName is { } name ? $" \\fI{Text(name)}\\fR" : option.ValueType == typeof(bool) || option.ValueType == typeof(void) ? "" : " \\fIVALUE\\fR";
            page.Append($".TP\n\\fB{Text(option.Name)}\\fR{value}\n{Text(option.Description)}\n");
        }
    }

    private static string Shown(Argument argument) => argument.Arity.MaximumNumberOfValues > 1 ? $"[{argument.Name}...]" : argument.Name;

    /// <summary>Hyphens and backslashes as themselves; a period or quote at a line's start would be a macro.</summary>
    private static string Text(string? text)
    {
        var escaped = (text ?? "").Replace("\\", "\\e", StringComparison.Ordinal).Replace("-", "\\-", StringComparison.Ordinal).ReplaceLineEndings(" ");
        return escaped.StartsWith('.') || escaped.StartsWith('\'') ? "\\&" + escaped : escaped;
    }
}
