using System.Globalization;
using System.Text;
using PodExecutor.Driver.Job;

namespace PodExecutor.Driver.Pipelines.Scripts;

/// <summary>Builds the body of a script line by line, as gitlab-runner's BashWriter does (shells/bash.go).</summary>
internal sealed class ScriptWriter
{
    private const string Green = "\e[32;1m";
    private const string Yellow = "\e[0;33m";
    private const string Reset = "\e[0;m";

    private readonly StringBuilder _body = new();
    private int _indent;

    public void Line(string text) => _body.Append(' ', _indent * 2).Append(text).Append('\n');

    /// <summary>The user's own text: not indented, because a here-document in it must stay as it is.</summary>
    public void Raw(string text) => _body.Append(text).Append('\n');

    public void Command(string command, params IEnumerable<string> arguments) => Line(CommandLine(command, arguments));

    public void Notice(string text) => Line("echo " + ShellQuote.Quote(Green + text + Reset));

    public void Warning(string text) => Line("echo " + ShellQuote.Quote(Yellow + text + Reset));

    public void Empty() => Line("echo");

    public void If(string condition)
    {
        Line($"if {condition}; then");
        _indent++;
    }

    /// <summary>With the blank that the runner writes before the semicolon of a command.</summary>
    public void IfCommand(string command, params IEnumerable<string> arguments) => If(CommandLine(command, arguments) + " ");

    public void IfQuietly(string command, params IEnumerable<string> arguments) => If(CommandLine(command, arguments) + " >/dev/null 2>&1 ");

    public void Else()
    {
        _indent--;
        Line("else");
        _indent++;
    }

    public void EndIf()
    {
        _indent--;
        Line("fi");
    }

    public void RemoveFile(string path) => Line($"rm \"-f\" {ShellQuote.DoubleQuote(path)}");

    public void RemoveDirectory(string path)
    {
        var quoted = ShellQuote.DoubleQuote(path);
        If($"[ -d {quoted} ]");
        Line($"chmod \"-R\" \"u+rwX\" {quoted}");
        EndIf();
        Line($"rm \"-r\" \"-f\" {quoted}");
    }

    /// <param name="directory">Where a file variable's content is put.</param>
    /// <param name="value">Expanded.</param>
    public void Variable(JobVariable variable, string value, string directory)
    {
        if (!variable.File)
        {
            Line($"export {ShellQuote.Quote(variable.Key)}={ShellQuote.Quote(value)}");
            return;
        }

        var path = ShellQuote.DoubleQuote($"{directory}/{variable.Key}");
        Line($"mkdir -p {ShellQuote.DoubleQuote(directory)}");
        Line($"printf '%s' {ShellQuote.Quote(value)} > {path}");
        Line($"export {ShellQuote.Quote(variable.Key)}={path}");
    }

    /// <summary>The whole script: everything is one eval in a subshell, so that no line can change the frame.</summary>
    public string Finish(string shell, bool trace) => string.Create(CultureInfo.InvariantCulture, $"""
        #!/usr/bin/env {shell}

        trap 'exit 1' TERM

        {(trace ? "set -o xtrace\n" : "")}case "$(set -o)" in *"pipefail"*) set -o pipefail;; esac; set -o errexit
        set +o noclobber
        (trap 'exit 1' TERM; eval {ShellQuote.Quote(_body.ToString())}) < /dev/null
        exit 0

        """);

    private static string CommandLine(string command, IEnumerable<string> arguments) =>
        string.Join(' ', arguments.Prepend(command).Select(ShellQuote.Quote));
}
