using PodExecutor.Driver.Pipelines.Runner;

namespace PodExecutor.Driver.Pipelines.Files;

/// <summary>image and services: a name, or a mapping.</summary>
internal static class ImageReader
{
    private static readonly string[] Policies = ["always", "if-not-present", "never"];

    public static PayloadImage? Image(ValueReader values, YamlEntry? entry) =>
        ValueReader.IsAbsent(entry) ? null : One(values, entry!, entry!.Value, isService: false);

    public static IReadOnlyList<PayloadImage> Services(ValueReader values, YamlEntry? entry)
    {
        if (ValueReader.IsAbsent(entry))
        {
            return [];
        }

        var items = entry!.Value is YamlList list ? list.Items : [entry.Value];
        return [.. items.Select(i => One(values, entry, i, isService: true)).OfType<PayloadImage>()];
    }

    private static PayloadImage? One(ValueReader values, YamlEntry owner, YamlValue value, bool isService)
    {
        switch (value)
        {
            case YamlScalar { IsNull: false } name:
                return new PayloadImage { Name = name.Text };
            case YamlMap map when map.Find("name") is not null:
                values.Only(map, owner.Key, isService
                    ? ["name", "alias", "entrypoint", "command", "variables", "pull_policy", "docker", "kubernetes"]
                    : ["name", "entrypoint", "pull_policy", "docker", "kubernetes"]);
                return FromMap(values, map);
            default:
                values.Problems.Error(value.Place, $"{owner.Key}: this is {value.Kind}, it must be an image name or a mapping with a name");
                return null;
        }
    }

    private static PayloadImage FromMap(ValueReader values, YamlMap map) => new()
    {
        Name = values.Text(map.Find("name")) ?? "",
        Alias = values.Text(map.Find("alias")),
        Entrypoint = values.Texts(map.Find("entrypoint")),
        Command = values.Texts(map.Find("command")),
        Variables = map.Find("variables") is { } variables ? VariableReader.Read(values, variables) : null,
        PullPolicy = PullPolicy(values, map.Find("pull_policy")),
        ExecutorOpts = new PayloadExecutorOptions
        {
            Docker = new PayloadDockerOptions { Platform = Option(values, map, "docker", "platform"), User = Option(values, map, "docker", "user") },
            Kubernetes = new PayloadKubernetesOptions { User = Option(values, map, "kubernetes", "user") },
        },
    };

    private static IReadOnlyList<string>? PullPolicy(ValueReader values, YamlEntry? entry)
    {
        var policies = values.Texts(entry);
        foreach (var wrong in policies?.Except(Policies) ?? [])
        {
            values.Problems.Error(entry!.Place, $"pull_policy: \"{wrong}\" is not one of {string.Join(", ", Policies)}");
        }

        return policies;
    }

    /// <summary>The runner fails a job with an option that it does not know, on every executor.</summary>
    private static string Option(ValueReader values, YamlMap map, string executor, string name)
    {
        if (map.Find(executor) is not { Value: YamlMap options })
        {
            return "";
        }

        values.Only(options, executor, executor == "docker" ? ["platform", "user"] : ["user"]);
        return values.Text(options.Find(name)) ?? "";
    }
}
