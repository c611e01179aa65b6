using PodExecutor.Driver.Failures;

namespace PodExecutor.Driver.Options;

/// <summary>Reads the options file, strictly: an unknown or wrong key is an error, and all errors are told at once.</summary>
internal static class OptionsFile
{
    /// <exception cref="FailureException">The file cannot be read or has problems.</exception>
    public static ExecutorOptions Load(string path)
    {
        string text;
        try
        {
            text = File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FailureException(new Failure(
                FailureKind.System, $"The options file {path} cannot be read", e.Message, "Name the right file with --config FILE."), e);
        }

        var (options, problems) = Parse(text, path);
        return problems.Count == 0 ? options : throw new FailureException([.. problems.Select(p => p.ToFailure())]);
    }

    /// <summary>The options, usable only if there is no problem.</summary>
    public static (ExecutorOptions Options, IReadOnlyList<OptionsProblem> Problems) Parse(string text, string file)
    {
        var problems = new List<OptionsProblem>();
        var root = new OptionsReader(TomlDocument.Parse(text, file, problems), file, "", problems);
        if (problems.Count > 0)
        {
            return (new ExecutorOptions(new KubernetesOptions { Namespace = "", HelperImage = "" }), problems);
        }

        var kubernetes = root.Table("kubernetes");
        var options = new ExecutorOptions(Kubernetes(kubernetes)) { Cache = CacheTable.Read(root) };
        kubernetes.Done();
        root.Done();
        return (options, problems);
    }

    private static KubernetesOptions Kubernetes(OptionsReader read) => new()
    {
        Kubeconfig = read.Text("kubeconfig"),
        Context = read.Text("context"),
        Namespace = read.Text("namespace", "default"),
        Image = read.Text("image"),
        HelperImage = read.Required("helper_image"),
        PullPolicy = read.Word("pull_policy", "if-not-present", "always", "never"),
        ImagePullSecrets = read.Texts("image_pull_secrets"),
        ServiceAccount = read.Text("service_account"),
        Privileged = read.Flag("privileged", false),
        ReadOnlyRootFilesystem = read.Flag("read_only_root_filesystem", false),
        BuildResources = Resources(read, ""),
        HelperResources = Resources(read, "helper_"),
        ServiceResources = Resources(read, "service_"),
        NodeSelector = read.Map("node_selector"),
        HostAliases = read.Tables("host_aliases", r => new HostAliasOptions(r.Required("ip"), r.Texts("hostnames"))),
        Volumes = Volumes(read.Table("volumes")),
        PollTimeout = read.Seconds("poll_timeout", 180, 1, 86_400),
        RetryBudget = read.Seconds("retry_budget", 120, 0, 3_600),
        StopGrace = read.Seconds("stop_grace_period", 10, 0, 3_600),
        CleanupGrace = read.Seconds("cleanup_grace_period_seconds", 5, 0, 3_600),
        RequestTimeout = read.Seconds("request_timeout", 30, 1, 600),
    };

    private static ResourceOptions Resources(OptionsReader read, string prefix) => new(
        Quantity(read, prefix + "cpu_limit"),
        Quantity(read, prefix + "cpu_request"),
        Quantity(read, prefix + "memory_limit"),
        Quantity(read, prefix + "memory_request"));

    private static string? Quantity(OptionsReader read, string key)
    {
        var text = read.Text(key);
        if (text is not null && !Pods.Quantities.IsValid(text))
        {
            read.Problem(key, $"\"{text}\" is no Kubernetes quantity", $"Write {key} = \"500m\", \"2\" or \"1Gi\".");
        }

        return string.IsNullOrEmpty(text) ? null : text;
    }

    private static List<VolumeOptions> Volumes(OptionsReader read)
    {
        List<VolumeOptions> volumes =
        [
            .. read.Tables("host_path", r => Volume(VolumeKind.HostPath, r) with { HostPath = r.Text("host_path") }),
            .. read.Tables("secret", r => Volume(VolumeKind.Secret, r) with { Items = r.Map("items") }),
            .. read.Tables("config_map", r => Volume(VolumeKind.ConfigMap, r) with { Items = r.Map("items") }),
            .. read.Tables("empty_dir", r => Volume(VolumeKind.EmptyDir, r) with { Medium = r.Text("medium"), SizeLimit = Quantity(r, "size_limit") }),
        ];
        read.Done();
        return volumes;
    }

    private static VolumeOptions Volume(VolumeKind kind, OptionsReader read) => new(kind, read.Required("name"), read.Required("mount_path"))
    {
        SubPath = read.Text("sub_path"),
        ReadOnly = read.Flag("read_only", false),
    };
}
