using System.Net.Http.Headers;
using System.Text;
using k8s.Authentication;

namespace PodExecutor.Driver.Cluster;

/// <summary>Who we are to the API server, as the Authorization header of each request. Tokens rotate while a stage runs.</summary>
internal sealed class ApiCredentials(ApiEndpoint endpoint, ITokenProvider? plugin)
{
    /// <returns>Null if the endpoint has a client certificate only, or nothing.</returns>
    /// <exception cref="IOException">The token file cannot be read.</exception>
    public async ValueTask<AuthenticationHeaderValue?> HeaderAsync(CancellationToken cancel)
    {
        if (plugin is not null)
        {
            return await plugin.GetAuthenticationHeaderAsync(cancel);
        }

        if (endpoint.TokenFile is { } file)
        {
            return new AuthenticationHeaderValue("Bearer", Read(file));
        }

        return endpoint switch
        {
            { Token: { } token } => new AuthenticationHeaderValue("Bearer", token),
            { Username: { } user } => new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{endpoint.Password}"))),
            _ => null,
        };
    }

    private static string Read(string file)
    {
        try
        {
            return File.ReadAllText(file).Trim();
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException(e.Message, e);
        }
    }
}
