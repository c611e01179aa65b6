using PodExecutor.Driver.Options;

namespace PodExecutor.Driver.Operations.Migrate;

/// <summary>
/// [runners.kubernetes] → [kubernetes]. Pure. What we have is told by the declarations of the options file themselves, what
/// we have not by <see cref="OtherKeys"/>; here stand only the keys that need thought.
/// </summary>
internal sealed class KubernetesMigration
{
    private const string Root = "runners.kubernetes";

    private static readonly TableDescription Ours = OptionsFile.Describe().Tables.First(t => t.Name == "kubernetes");

    private readonly MigrateRequest _request;
    private readonly List<KeyFate> _fates = [];
    private readonly List<string> _sockets = [];

    private KubernetesMigration(MigrateRequest request) => _request = request;

    public static (TomlTable Options, IReadOnlyList<KeyFate> Fates) Of(TomlTable kubernetes, MigrateRequest request)
    {
        var migration = new KubernetesMigration(request);
        var options = migration.Table(kubernetes, Ours, Root);
        migration.Add(options);
        return (options, migration._fates);
    }

    private TomlTable Table(TomlTable source, TableDescription ours, string path)
    {
        var result = new TomlTable(source.Line);
        foreach (var (key, value) in source.Values)
        {
            if (Value(key, value, ours, path) is { } kept)
            {
                result.Values[key] = new TomlValue(kept, value.Line);
            }
        }

        return result;
    }

    /// <returns>Null: it does not go into our file.</returns>
    private object? Value(string key, TomlValue value, TableDescription ours, string path)
    {
        if (key == "helper_image" && path == Root)
        {
            Tell(path, key, value, Fate.NotNeeded, "pod-executor has a helper image of its own: it is set instead");
            return null;
        }

        if (key == "privileged" && value.Value is true)
        {
            return Privileged(path, key, value);
        }

        if (ours.Tables.Find(t => t.Name == key) is { } table)
        {
            return Nested(key, value, table, path);
        }

        if (ours.Keys.Find(k => k.Name == key) is { } declared)
        {
            Tell(path, key, value, Fate.Kept, key == "patch_path" ? "a relative name counts from the options file now" : "");
            return Fitting(value.Value, declared.Shape.Type);
        }

        if (OtherKeys.Find(key) is { } other)
        {
            Tell(path, key, value, other.IsNeeded ? Fate.NotSupported : Fate.NotNeeded, $"{other.Why} {other.Instead}".Trim());
        }
        else
        {
            Tell(path, key, value, Fate.NotSupported, "pod-executor does not know this key; [[kubernetes.pod_spec]] can set anything of a pod");
        }

        return null;
    }

    private object? Nested(string key, TomlValue value, TableDescription table, string path)
    {
        switch (value.Value)
        {
            case TomlTable one when table.Shape == TableShape.One:
                var inner = Table(one, table, $"{path}.{key}");
                return inner.Values.Count > 0 ? inner : null;
            case List<TomlValue> list when table.Shape == TableShape.List && list.TrueForAll(i => i.Value is TomlTable):
                var elements = list.Where(i => !IsDroppedSocket((TomlTable)i.Value, key, path)).Select(i => new TomlValue(Table((TomlTable)i.Value, table, $"{path}.{key}"), i.Line)).ToList();
                return elements.Count > 0 ? elements : null;
            default:
                Tell(path, key, value, Fate.NotSupported, $"it must be a {(table.Shape == TableShape.One ? "table" : "list of tables")}");
                return null;
        }
    }

    private object? Privileged(string path, string key, TomlValue value)
    {
        if (_request.KeepPrivileged)
        {
            Tell(path, key, value, Fate.Kept, "as --keep-privileged asks: a job then has the node");
            return value.Value;
        }

        Tell(path, key, value, Fate.NotNeeded, "images are built without privilege; if jobs need it for something else: --keep-privileged");
        return null;
    }

    private bool IsDroppedSocket(TomlTable volume, string kind, string path)
    {
        var name = volume.Values.GetValueOrDefault("name")?.Value as string ?? "";
        var place = (volume.Values.GetValueOrDefault("host_path") ?? volume.Values.GetValueOrDefault("mount_path"))?.Value as string;
        if (kind != "host_path" || path != $"{Root}.volumes" || place is null || !HostSockets.Covers(place))
        {
            return false;
        }

        if (_request.KeepSockets)
        {
            _sockets.Add(name);
            return false;
        }

        _fates.Add(new KeyFate($"{path}.{kind} \"{name}\"", volume.Line, Fate.NotNeeded, $"{place} is a socket of the node; images are built without it. If jobs need it for something else: --keep-sockets"));
        return true;
    }

    /// <summary>What our file needs beyond the old one, and what is different where the old one says nothing.</summary>
    private void Add(TomlTable options)
    {
        if (_sockets.Count > 0)
        {
            options.Values["allowed_host_sockets"] = new TomlValue(_sockets.ConvertAll(s => new TomlValue(s, 0)), 0);
            _fates.Add(new KeyFate("kubernetes.allowed_host_sockets", 0, Fate.Kept, "as --keep-sockets asks: such a socket is full control over the node"));
        }

        options.Values["helper_image"] = new TomlValue(_request.HelperImage ?? $"registry.example.com/pod-executor/helper:{DriverVersion.Text.Split('+')[0]}", 0);
        if (_request.HelperImage is null)
        {
            _fates.Add(new KeyFate("kubernetes.helper_image", 0, Fate.OtherDefault, "must be set to where your registry has pod-executor's helper image: --helper-image, or in the written file"));
        }

        Default(options, "automount_service_account_token", "jobs get no token of the service account unless this is true; gitlab-runner leaves it to the cluster, which mounts one");
        Default(options, "cpu_request", "without limits and requests gitlab-runner reserves nothing; pod-executor reserves a little, so that the scheduler counts jobs", "cpu_limit");
        Default(options, "pod_security_context.seccomp_profile", "RuntimeDefault; gitlab-runner sets none", "pod_security_context");
    }

    private void Default(TomlTable options, string key, string text, string? orElse = null)
    {
        if (!options.Values.ContainsKey(key) && (orElse is null || !options.Values.ContainsKey(orElse)))
        {
            _fates.Add(new KeyFate($"kubernetes.{key}", 0, Fate.OtherDefault, text));
        }
    }

    /// <summary>gitlab-runner takes numbers where our file wants texts, for example in allowed_users.</summary>
    private static object Fitting(object value, KeyType type) => (value, type) switch
    {
        (long number, KeyType.Text or KeyType.Quantity) => number.ToString(System.Globalization.CultureInfo.InvariantCulture),
        (List<TomlValue> list, KeyType.Texts) => list.ConvertAll(i => i with { Value = Fitting(i.Value, KeyType.Text) }),
        _ => value,
    };

    private void Tell(string path, string key, TomlValue value, Fate fate, string text = "") => _fates.Add(new KeyFate($"{path}.{key}", value.Line, fate, text));
}
