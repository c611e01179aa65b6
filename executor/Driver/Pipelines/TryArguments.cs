using System.CommandLine;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Pipelines.Files;
using PodExecutor.Driver.Pipelines.GitLab;

namespace PodExecutor.Driver.Pipelines;

/// <summary>The words of <c>try</c>'s command line.</summary>
internal sealed class TryArguments
{
    private readonly Argument<string> _pipeline = new("PIPELINE") { Description = "The pipeline file, for example .gitlab-ci.yml." };
    private readonly Argument<string[]> _jobs = new("JOB") { Description = "Only these jobs; a manual one is then run.", Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<string?> _projectDir = new("--project-dir") { HelpName = "DIR", Description = "The working copy. Default: the git repository that the file is in, else its directory." };
    private readonly Option<string[]> _variables = new("--variable") { HelpName = "K=V", Description = "A variable for all jobs, stronger than those of the file. May be repeated." };
    private readonly Option<string?> _ref = new("--ref") { HelpName = "NAME", Description = "The branch name that the jobs see. Default: the one that is checked out." };
    private readonly Option<string> _timeout = new("--timeout") { HelpName = "TIME", Description = "Timeout of jobs without their own, for example \"1h 30m\".", DefaultValueFactory = _ => "1h" };
    private readonly Option<string?> _address = new("--gitlab-address") { HelpName = "HOST", Description = "The address under which pods reach this machine, to clone and for artifacts. Default: that of the route to the API server." };
    private readonly Option<int> _concurrent = new("--concurrent") { HelpName = "N", Description = "So many jobs at once, where stages and needs allow it.", DefaultValueFactory = _ => 1 };
    private readonly Option<bool> _noColor = new("--no-color") { Description = "No colours, as without a terminal." };
    private readonly Option<string?> _junit = new("--junit") { HelpName = "FILE", Description = "Write the jobs' results as JUnit XML." };
    private readonly Option<string?> _executable = new("--executable") { Hidden = true, Description = "Another executor than this program." };

    public void AddTo(Command command)
    {
        command.Add(_pipeline);
        command.Add(_jobs);
        foreach (var option in new Option[] { _projectDir, _variables, _ref, _timeout, _address, _concurrent, _noColor, _junit, _executable })
        {
            command.Add(option);
        }
    }

    /// <exception cref="TryRefusedException">A value is not usable.</exception>
    public TryRequest Read(ParseResult parse, string config)
    {
        var pipeline = parse.GetValue(_pipeline)!;
        var timeout = parse.GetValue(_timeout)!;
        if (!HumanDuration.TryParse(timeout, out var limit))
        {
            throw new TryRefusedException($"--timeout: \"{timeout}\" is not a duration. Write for example \"90 minutes\" or \"1h 30m\"");
        }

        if (parse.GetValue(_concurrent) is < 1 and var concurrent)
        {
            throw new TryRefusedException($"--concurrent: {concurrent} is less than 1");
        }

        return new TryRequest
        {
            Pipeline = pipeline,
            Jobs = parse.GetValue(_jobs) ?? [],
            ProjectDirectory = parse.GetValue(_projectDir) is { } given ? Existing(given) : ProjectOf(pipeline),
            Variables = [.. (parse.GetValue(_variables) ?? []).Select(Variable)],
            Ref = parse.GetValue(_ref),
            Timeout = limit,
            GitLabAddress = parse.GetValue(_address) ?? LocalAddress.Find(ApiServer.HostOf(config)),
            Concurrent = parse.GetValue(_concurrent),
            Color = !parse.GetValue(_noColor) && !Console.IsOutputRedirected,
            JunitFile = parse.GetValue(_junit),
            Executable = parse.GetValue(_executable) ?? Environment.ProcessPath ?? "/proc/self/exe",
            ExecutableArguments = ["--config", Path.GetFullPath(config)],
        };
    }

    private static string Existing(string directory) => Directory.Exists(directory)
        ? Path.GetFullPath(directory)
        : throw new TryRefusedException($"--project-dir: there is no directory {directory}");

    /// <summary>The nearest directory above the file that git knows.</summary>
    private static string ProjectOf(string pipeline)
    {
        var own = Path.GetDirectoryName(Path.GetFullPath(pipeline))!;
        for (var directory = own; directory is not null; directory = Path.GetDirectoryName(directory))
        {
            if (Path.Exists(Path.Combine(directory, ".git")))
            {
                return directory;
            }
        }

        return own;
    }

    private static JobVariable Variable(string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        return equals > 0
            ? new JobVariable { Key = text[..equals], Value = text[(equals + 1)..], Public = true }
            : throw new TryRefusedException($"--variable: \"{text}\" is not NAME=VALUE");
    }
}
