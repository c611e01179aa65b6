using System.Globalization;

namespace PodExecutor.Agent.Artifacts;

/// <summary>The GitLab that a job belongs to. The token is for its header alone, so nothing here can be printed with it.</summary>
internal sealed class Coordinator(Uri server, string token, long jobId)
{
    /// <summary>GitLab's header for CI_JOB_TOKEN.</summary>
    public const string TokenHeader = "JOB-TOKEN";

    public string Token { get; } = token;

    public long JobId { get; } = jobId;

    /// <summary>host:port, for messages.</summary>
    public string Authority => server.Authority;

    /// <summary>API v4's job artifacts; GitLab may live below a path of its host.</summary>
    /// <param name="query">With its question mark, or empty.</param>
    public Uri Artifacts(string query) => new UriBuilder(server)
    {
        UserName = "",
        Password = "",
        Path = server.AbsolutePath.TrimEnd('/') + "/api/v4/jobs/" + JobId.ToString(CultureInfo.InvariantCulture) + "/artifacts",
        Query = query,
        Fragment = "",
    }.Uri;

    public override string ToString() => Authority;
}
