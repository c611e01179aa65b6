using System.Text.Json.Nodes;
using PodExecutor.Agent.Images.CommandLine;
using PodExecutor.Agent.Images.Listing;

namespace PodExecutor.Agent.Images.Verbs;

/// <summary>docker context: pipelines of docker-in-docker make one for buildx. There is the default one only; others are taken as if they were it.</summary>
internal static class ContextVerbs
{
    /// <summary>create, update, use and rm: the name on stdout, the rest for people, as docker has it.</summary>
    public static Task<int> Change(VerbCall call, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        var flags = call.Parse(
            new("docker", FlagKind.List), new("description"), new("from"), new("kubernetes", FlagKind.List), new("default-stack-orchestrator"), new("force", FlagKind.Switch, 'f'));
        foreach (var name in flags.AtLeastOne("CONTEXT"))
        {
            call.Context.Output.WriteLine(name);
        }

        call.Context.Log.WriteLine($"{call.Command}: nothing to do, the runner's builder is used.");
        return Task.FromResult(ImageExit.Success);
    }

    public static Task<int> Show(VerbCall call, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        call.Parse();
        call.Context.Output.WriteLine("default");
        return Task.FromResult(ImageExit.Success);
    }

    public static Task<int> List(VerbCall call, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        var flags = call.Parse(new("quiet", FlagKind.Switch, 'q'), new("format"));
        var row = ListOutput.Line("Current=true|Description=pod-executor: there is no engine, images are made by the builder|DockerEndpoint=|Error=|Name=default");
        row["DockerEndpoint"] = Endpoint(call.Context);
        row["Current"] = true;
        new ListOutput("Current=CURRENT|Description=DESCRIPTION|DockerEndpoint=DOCKER ENDPOINT|Error=ERROR|Name=NAME", "{{.Name}}{{if ne .Name \"NAME\"}} *{{end}}\t{{.Description}}\t{{.DockerEndpoint}}\t{{.Error}}")
            .Write(call.Context.Output, flags.IsSet("quiet") ? "{{.Name}}" : flags.Last("format"), [row]);
        return Task.FromResult(ImageExit.Success);
    }

    public static Task<int> Inspect(VerbCall call, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        var flags = call.Parse(new Flag("format", FlagKind.Value, 'f'));
        var contexts = flags.Operands.DefaultIfEmpty("default").Select(name => new JsonObject
        {
            ["Name"] = name,
            ["Metadata"] = new JsonObject(),
            ["Endpoints"] = new JsonObject { ["docker"] = new JsonObject { ["Host"] = Endpoint(call.Context), ["SkipTLSVerify"] = false } },
            ["TLSMaterial"] = new JsonObject(),
        }).ToList();
        if (flags.Last("format") is { Length: > 0 } format)
        {
            contexts.ForEach(c => call.Context.Output.WriteLine(GoTemplate.Expand(format, c)));
        }
        else
        {
            call.Context.Output.WriteLine(ImageFields.Json(contexts));
        }

        return Task.FromResult(ImageExit.Success);
    }

    // What docker shows without a context of its own.
    private static string Endpoint(ImageContext context) => context.Given("DOCKER_HOST") ?? "unix:///var/run/docker.sock";
}
