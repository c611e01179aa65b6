using System.Globalization;
using PodExecutor.Agent.Images.CommandLine;
using PodExecutor.Agent.Images.References;

namespace PodExecutor.Agent.Images.Builds;

/// <summary>Decides a build. Pure: no file, no network, no clock.</summary>
/// <param name="variable">The job's variables.</param>
internal sealed class BuildPlanner(BuildRequest request, BuildSources sources, Func<string, string?> variable)
{
    /// <param name="labels">More labels; the command line's win.</param>
    /// <exception cref="ImageException">What is asked for does not fit together.</exception>
    public BuildPlan Decide(IReadOnlyDictionary<string, string> labels)
    {
        var exporters = Exporters();
        return new BuildPlan
        {
            Attributes = Attributes(labels),
            Locals = Locals(),
            Layouts = LayoutIds().ToDictionary(l => l.Value, l => sources.NamedLayouts[l.Key].Folder, StringComparer.Ordinal),
            Uploads = sources.Upload is { } archive ? new Dictionary<string, string> { [sources.UploadId] = archive } : new Dictionary<string, string>(),
            Exporters = exporters,
            CacheImports = BuildCaches.Imports(request, variable),
            CacheExports = BuildCaches.Exports(request, variable),
            Secrets = [.. request.Secrets, .. GitSecrets()],
            Ssh = Ssh(),
            Entitlements = Entitlements(),
            Names = [.. request.Tags.Concat(exporters.Where(e => e.Type == "image").SelectMany(NamesOf)).Distinct(StringComparer.Ordinal)],
            Pushes = exporters.Any(e => e.Type == "image" && e.Attributes.GetValueOrDefault("push") == "true"),
            IsKept = request.Outputs.Count == 0 && !request.Push && request.Call == "build",
            SharedKey = string.Join(':', variable("CI_PROJECT_ID") ?? "local", variable("CI_PROJECT_DIR") is { } home && sources.Directory is { } folder ? Path.GetRelativePath(home, folder) : "", sources.Dockerfile),
        };
    }

    private SortedDictionary<string, string> Attributes(IReadOnlyDictionary<string, string> labels)
    {
        var attributes = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["filename"] = sources.Dockerfile };
        AddEach("build-arg:", request.Proxies.Where(p => !request.BuildArguments.Any(a => a.Key.Equals(p.Key, StringComparison.OrdinalIgnoreCase))));
        AddEach("build-arg:", request.BuildArguments);
        AddEach("label:", labels);
        AddEach("label:", request.Labels);
        AddEach("attest:", request.Attestations);
        var layouts = LayoutIds();
        foreach (var (name, value) in request.Contexts)
        {
            attributes["context:" + NamedContext(name)] = sources.NamedDirectories.ContainsKey(name) ? "local:" + name
                : layouts.TryGetValue(name, out var layout) ? sources.NamedLayouts[name].Address(layout) : value;
        }

        Add("target", request.Target);
        Add("context", sources.Address);
        Add("platform", request.Platforms.Count > 0 ? string.Join(',', request.Platforms) : null);
        Add("no-cache", request.NoCache ? "" : request.NoCacheStages.Count > 0 ? string.Join(',', request.NoCacheStages) : null);
        Add("image-resolve-mode", request.Pull ? "pull" : null);
        Add("add-hosts", request.Hosts.Count > 0 ? CsvFields.Join(request.Hosts) : null);
        Add("force-network-mode", Network());
        Add("shm-size", request.SharedMemory?.ToString(CultureInfo.InvariantCulture));
        Add("ulimit", request.Ulimits.Count > 0 ? string.Join(',', request.Ulimits) : null);
        Add("cgroup-parent", request.CgroupParent);
        AddEach("vcs:", Origin());
        Add("requestid", request.Call switch { "check" => "frontend.lint", "outline" => "frontend.outline", "targets" => "frontend.targets", _ => null });
        return attributes;

        void Add(string name, string? value)
        {
            if (value is not null)
            {
                attributes[name] = value;
            }
        }

        void AddEach(string prefix, IEnumerable<KeyValuePair<string, string>> pairs)
        {
            foreach (var (name, value) in pairs)
            {
                attributes[prefix + name] = value;
            }
        }
    }

    /// <summary>Where the files are from, as buildx tells it: for the provenance, and to tell a project's images apart.</summary>
    private IEnumerable<KeyValuePair<string, string>> Origin()
    {
        if (variable("CI_PROJECT_DIR") is not { Length: > 0 } home || sources.Directory is not { } directory)
        {
            yield break;
        }

        foreach (var (name, folder) in new[] { ("localdir:context", directory), ("localdir:dockerfile", sources.DockerfileDirectory) })
        {
            if (folder is not null && Path.GetRelativePath(home, folder) is var path && path != ".." && !path.StartsWith("../", StringComparison.Ordinal))
            {
                yield return KeyValuePair.Create(name, path);
            }
        }

        foreach (var (name, value) in new[] { ("source", variable("CI_PROJECT_URL")), ("revision", variable("CI_COMMIT_SHA")) })
        {
            if (value is { Length: > 0 })
            {
                yield return KeyValuePair.Create(name, value);
            }
        }
    }

    // The frontend looks for the familiar name, without ":latest".
    private static string NamedContext(string name)
    {
        var known = name.EndsWith(":latest", StringComparison.Ordinal) ? name[..^":latest".Length] : name;
        return known.StartsWith("docker.io/library/", StringComparison.Ordinal) ? known["docker.io/library/".Length..] : known;
    }

    // Numbered: a context's name may be no word that an id may be.
    private Dictionary<string, string> LayoutIds() => sources.NamedLayouts.Keys.Order(StringComparer.Ordinal)
        .Select((name, number) => (Name: name, Id: string.Create(CultureInfo.InvariantCulture, $"layout-{number}"))).ToDictionary(l => l.Name, l => l.Id, StringComparer.Ordinal);

    private string? Network() => request.Network switch
    {
        null or "default" or "bridge" => null,
        "none" or "host" or "sandbox" => request.Network,
        var other => throw new ImageException($"--network {other} is not known to BuildKit: use default, none or host (host must be allowed by the operator).", ImageExit.Usage),
    };

    private List<string> Entitlements()
    {
        List<string> wanted = [.. request.Entitlements];
        if (request.Network == "host" && !wanted.Contains("network.host"))
        {
            wanted.Add("network.host");
        }

        return wanted;
    }

    private SortedDictionary<string, string> Locals()
    {
        var locals = new SortedDictionary<string, string>(sources.NamedDirectories.ToDictionary(), StringComparer.Ordinal);
        if (sources.Directory is { } directory)
        {
            locals["context"] = directory;
        }

        if (sources.DockerfileDirectory is { } dockerfile)
        {
            locals["dockerfile"] = dockerfile;
        }

        return locals;
    }

    private List<OutputRequest> Exporters()
    {
        if (request.Call != "build")
        {
            return [];
        }

        var outputs = request.Outputs.Where(o => o.Type != "cacheonly").ToList();
        if (outputs.Count == 0 && request.Outputs.Count == 0)
        {
            outputs.Add(new OutputRequest("image", new Dictionary<string, string>(), null));
        }

        // Beside other outputs: what is "loaded" stays with the builder, as a recipe.
        if ((request.Push || request.Load) && !outputs.Exists(o => o.Type == "image"))
        {
            outputs.Add(new OutputRequest("image", new Dictionary<string, string>(), null));
        }

        return [.. outputs.Select(Exporter)];
    }

    // By digest it is pushed without a tag.
    private static IEnumerable<string> NamesOf(OutputRequest exporter) => exporter.Attributes.GetValueOrDefault("push-by-digest") != "true" && exporter.Attributes.TryGetValue("name", out var names)
        ? names.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(n => ImageReference.Parse(n).Full)
        : [];

    private OutputRequest Exporter(OutputRequest output)
    {
        var attributes = new SortedDictionary<string, string>(output.Attributes.ToDictionary(), StringComparer.Ordinal);
        if (output.Type is "image" or "oci" or "docker")
        {
            if (!attributes.ContainsKey("name") && request.Tags.Count > 0)
            {
                attributes["name"] = string.Join(',', request.Tags);
            }

            foreach (var annotation in request.Annotations)
            {
                attributes[AnnotationFlags.Attribute(annotation)] = annotation.Value;
            }
        }

        if (output.Type == "image")
        {
            Image(attributes);
        }

        return output with { Attributes = attributes };
    }

    private void Image(SortedDictionary<string, string> attributes)
    {
        if (request.Push)
        {
            attributes["push"] = "true";
        }

        if (attributes.GetValueOrDefault("push") != "true")
        {
            // On a shared builder an image that nobody pushed must not stay under its name, where another project would find it.
            attributes["store"] = "false";
            return;
        }

        if (request.Insecure)
        {
            attributes["registry.insecure"] = "true";
        }

        if (!attributes.TryGetValue("name", out var names))
        {
            throw new ImageException("To push, the image needs a name: add -t REGISTRY/PATH:TAG.", ImageExit.Usage);
        }

        if (names.Split(',').Select(ImageReference.Parse).FirstOrDefault(n => n.Digest is not null) is { } digest)
        {
            throw new ImageException($"{digest.Full}: an image is pushed by name and tag, not by digest.", ImageExit.Usage);
        }
    }

    /// <summary>As buildx: whoever builds from git over SSH means to log in there.</summary>
    private IReadOnlyList<SshRequest> Ssh() =>
        request.Ssh.Count == 0 && sources.Address is { } address && GitAddress.IsOverSsh(address) && variable("SSH_AUTH_SOCK") is { Length: > 0 } ? [new SshRequest("default", [])] : request.Ssh;

    /// <summary>Git contexts on the job's own GitLab, named ones too, are fetched with the job's token.</summary>
    private IEnumerable<SecretRequest> GitSecrets() =>
        variable("CI_SERVER_HOST") is { Length: > 0 } host && variable("CI_JOB_TOKEN") is { Length: > 0 } && !request.Secrets.Any(s => s.Id.StartsWith("GIT_AUTH_", StringComparison.Ordinal))
            ? request.Contexts.Select(c => c.Value).Prepend(sources.Address ?? "")
                .Select(a => Uri.TryCreate(a.Split('#')[0], UriKind.Absolute, out var uri) && uri.Scheme is "https" or "http" && uri.Host == host && uri.UserInfo.Length == 0 ? uri.Authority : null)
                .OfType<string>().Distinct().Select(a => new SecretRequest("GIT_AUTH_HEADER." + a, SecretValues.GitHeader, null))
            : [];
}
