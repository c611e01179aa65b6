using System.Text.Json.Nodes;
using k8s.Models;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Pods;
using static PodExecutor.Driver.Options.KeyMark;

namespace PodExecutor.Driver.Options;

/// <summary>Who the pod is, its network and names, and the way out for everything else.</summary>
internal static class PodKeys
{
    private static readonly string[] DnsPolicies = ["none", "default", "cluster-first", "cluster-first-with-host-net"];

    public static KubernetesOptions Read(OptionsReader read, KubernetesOptions options) => options with
    {
        ServiceAccount = read.Key("service_account", P1, "Of the job's pod. Not set: the namespace's default one.", "KUBERNETES_SERVICE_ACCOUNT_OVERWRITE").Text(),
        AutomountServiceAccountToken = read.Key("automount_service_account_token", P1, "Whether the job gets the service account's token.").Flag(false),
        DnsPolicy = read.Key("dns_policy", P0, "Where names are looked up. Not set: `cluster-first`.").Word(DnsPolicies),
        DnsConfig = read.Key("dns_config", P1, "`nameservers`, `searches`, `[[dns_config.options]]` with `name` and `value`.").ApiObject<V1PodDNSConfig>(),
        HostAliases = read.Tables("host_aliases", "More lines of /etc/hosts; services' names are added.", r => new HostAliasOptions(
            r.Key("ip", P0, "The address.").Required(), r.Key("hostnames", P0, "Its names.").Texts())),
        PodLabels = Named(read, "pod_labels", "More labels of the pod. Values may hold variables of the job. Labels of `runner.gitlab.com` are ours.", "KUBERNETES_POD_LABELS_*"),
        PodAnnotations = Named(read, "pod_annotations", "More annotations of the pod. Values may hold variables of the job.", "KUBERNETES_POD_ANNOTATIONS_*"),
        BuildLifecycle = read.Key("container_lifecycle", P3, "Hooks of the build container: `post_start`, `pre_stop`, each `exec`, `http_get` or `tcp_socket` as in the Kubernetes API.").ApiObject<V1Lifecycle>(),
        PodPatches = [.. read.Tables("pod_spec", "Patches of the pod's spec, in turn, for whatever has no key. Containers are `helper`, `build` and the services.", Patch).OfType<PodPatchOptions>()],
        Overwrites = options.Overwrites with
        {
            ServiceAccount = read.Key("service_account_overwrite_allowed", P1, "Regular expression of the service accounts that a job may ask for; empty: none.").Pattern(),
            PodLabels = read.Key("pod_labels_overwrite_allowed", P1, "Regular expression of the `key=value` that a job may ask for; empty: none.").Pattern(),
            PodAnnotations = read.Key("pod_annotations_overwrite_allowed", P1, "Regular expression of the `key=value` that a job may ask for; empty: none.").Pattern(),
        },
    };

    private static IReadOnlyDictionary<string, string> Named(OptionsReader read, string name, string meaning, string job)
    {
        var values = read.Key(name, P1, meaning, job).Map();
        foreach (var wrong in values.Keys.Select(k => PodMetadata.Reserved(k) ?? KubernetesNames.WrongKey(k)).OfType<string>())
        {
            read.Problem(name, wrong, "Use another key.");
        }

        return values;
    }

    private static PodPatchOptions? Patch(OptionsReader read)
    {
        var name = read.Key("name", P1, "For messages.").Text("pod_spec");
        var inline = read.Key("patch", P1, "The patch as YAML or JSON.").Text();
        var file = read.Key("patch_path", P1, "Or the file that holds it, relative to this one.").FileText();
        var kind = read.Key("patch_type", P1, "`merge` (RFC 7386), `json` (RFC 6902) or `strategic`, which merges lists by their elements' names.").Word("merge", "json", "strategic") ?? "merge";
        var key = read.Has("patch") ? "patch" : "patch_path";
        if (read.Has("patch") == read.Has("patch_path"))
        {
            read.Problem("patch", "must be set, or patch_path, but not both", "Write patch = '''…'''.");
            return null;
        }

        var patch = (inline ?? file) is { } text ? Parse(text, read, key) : null;
        if (patch is not null && kind == "json" != patch is JsonArray)
        {
            read.Problem(key, $"does not fit patch_type {kind}", kind == "json" ? "A json patch is a list of operations." : "It must be a part of a pod's spec.");
            return null;
        }

        return patch is null ? null : new PodPatchOptions(name, kind switch { "json" => PodPatchKind.Json, "strategic" => PodPatchKind.Strategic, _ => PodPatchKind.Merge }, patch);
    }

    private static JsonNode? Parse(string text, OptionsReader read, string key)
    {
        try
        {
            if (YamlJson.Parse(text) is { } patch)
            {
                return patch;
            }

            read.Problem(key, "is empty", "Write a part of a pod's spec.");
        }
        catch (Exception e) when (e is YamlDotNet.Core.YamlException or ArgumentException)
        {
            read.Problem(key, $"is neither YAML nor JSON: {e.Message}", "Correct it.");
        }

        return null;
    }
}
