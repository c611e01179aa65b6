namespace PodExecutor.Agent.Images.CommandLine;

/// <summary>
/// The flags that docker and nerdctl take before the verb; nerdctl takes them behind it, too. They speak of an engine that is not here, so most change nothing.
/// </summary>
internal static class GlobalFlags
{
    private const string NoEngine = "there is no local engine: images are made by the builder";

    /// <summary>For every verb as well.</summary>
    public static readonly IReadOnlyList<Flag> Everywhere = [new("insecure-registry", FlagKind.Switch), new("debug", FlagKind.Switch), .. Ignored(
        "address", "containerd-address", "namespace", "snapshotter", "storage-driver", "cni-path", "cni-netconfpath", "data-root", "cgroup-manager", "hosts-dir", "host-gateway-ip"),
        .. IgnoredSwitches("debug-full", "experimental", "kube-hide-dupe")];

    public static (ParsedFlags Globals, IReadOnlyList<string> Remaining) Split(string program, IReadOnlyList<string> arguments)
    {
        var table = Table(program);
        var end = 0;
        while (end < arguments.Count && arguments[end].StartsWith('-'))
        {
            end += TakesNext(arguments[end], program) ? 2 : 1;
        }

        end = Math.Min(end, arguments.Count);
        return (table.Parse([.. arguments.Take(end)]), [.. arguments.Skip(end)]);
    }

    private static FlagSet Table(string program) => new(
        program,
        [
            .. Everywhere.Where(f => f.Name is not ("debug" or "address" or "namespace")),
            new("debug", FlagKind.Switch, program == "docker" ? 'D' : '\0'), new("version", FlagKind.Switch, 'v'), new("help", FlagKind.Switch, 'h'),
            .. program == "docker"
                ? [new("host", FlagKind.Value, 'H') { Ignored = NoEngine }, new("context", FlagKind.Value, 'c') { Ignored = NoEngine }, new("config"), new("log-level", FlagKind.Value, 'l'),
                    .. Ignored("tlscacert", "tlscert", "tlskey"), .. IgnoredSwitches("tls", "tlsverify")]
                : new Flag[] { new("address", FlagKind.Value, 'a') { Ignored = NoEngine }, new("host", FlagKind.Value, 'H') { Ignored = NoEngine }, new("namespace", FlagKind.Value, 'n') { Ignored = NoEngine } },
        ]);

    private static bool TakesNext(string argument, string program) => argument switch
    {
        "-H" or "--host" => true,
        "-c" or "--context" or "--config" or "-l" or "--log-level" or "--tlscacert" or "--tlscert" or "--tlskey" => program == "docker",
        "-a" or "--address" or "-n" or "--namespace" or "--snapshotter" or "--storage-driver" or "--cni-path" or "--cni-netconfpath" or "--data-root" or "--cgroup-manager"
            or "--hosts-dir" or "--host-gateway-ip" or "--containerd-address" => program == "nerdctl",
        _ => false,
    };

    private static IEnumerable<Flag> Ignored(params string[] names) => names.Select(n => new Flag(n) { Ignored = NoEngine });

    private static IEnumerable<Flag> IgnoredSwitches(params string[] names) => names.Select(n => new Flag(n, FlagKind.Switch) { Ignored = NoEngine });
}
