using System.Text.RegularExpressions;

namespace PodExecutor.Driver.Job;

/// <summary>
/// What a service is called. Rules: docs.gitlab.com, "Accessing the services"; gitlab-runner helpers/container/services and
/// executors/kubernetes (container name = first alias that is a DNS label, else svc-N).
/// </summary>
internal static partial class ServiceNames
{
    /// <summary>The names that the job's containers resolve: the aliases, then the two made from the image's name.</summary>
    public static IReadOnlyList<string> Hostnames(string image, string? alias)
    {
        // registry:5000/group/name:tag@digest: tag and digest go, and so does the registry's port.
        var name = image.Split('@')[0];
        var slash = name.LastIndexOf('/');
        var colon = name.IndexOf(':', slash + 1);
        name = Port().Replace(colon < 0 ? name : name[..colon], "/");
        string[] derived = [name.Replace("/", "__", StringComparison.Ordinal), name.Replace('/', '-')];
        return [.. Aliases(alias).Concat(derived).Where(IsHostname).Distinct()];
    }

    public static string Container(string? alias, int index, ISet<string> taken)
    {
        var name = Aliases(alias).FirstOrDefault(a => Label().IsMatch(a) && !taken.Contains(a)) ?? $"svc-{index}";
        taken.Add(name);
        return name;
    }

    private static string[] Aliases(string? alias) =>
        (alias ?? "").Split([' ', ','], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    // Kubernetes refuses a host alias that is no DNS name; "__" is allowed in the second rule of GitLab, not there.
    private static bool IsHostname(string name) => Hostname().IsMatch(name);

    [GeneratedRegex("^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]
    private static partial Regex Label();

    [GeneratedRegex("^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")]
    private static partial Regex Hostname();

    [GeneratedRegex(":[0-9]+/")]
    private static partial Regex Port();
}
