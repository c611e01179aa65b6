using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;

namespace PodExecutor.Driver.Pipelines.GitLab;

/// <summary>The tokens given out to jobs. The server listens where pods can reach it, so that others can, too: without a token it gives nothing.</summary>
internal sealed class JobTokens
{
    private readonly ConcurrentDictionary<string, byte> _tokens = new(StringComparer.Ordinal);

    /// <summary>Looks like GitLab's, so that masking by prefix works.</summary>
    public string Issue()
    {
        var token = "glcbt-64_" + RandomNumberGenerator.GetHexString(20, lowercase: true);
        _tokens[token] = 0;
        return token;
    }

    /// <summary>The end of the job is the end of its token.</summary>
    public void Revoke(string token) => _tokens.TryRemove(token, out _);

    public bool IsValid(string? token) => token is { Length: > 0 } && _tokens.ContainsKey(token);

    /// <summary>git sends gitlab-ci-token:TOKEN as HTTP Basic.</summary>
    public bool IsValidBasic(string? authorization)
    {
        const string Scheme = "Basic ";
        if (authorization is null || !authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        var buffer = new byte[authorization.Length];
        if (!Convert.TryFromBase64String(authorization[Scheme.Length..], buffer, out var written))
        {
            return false;
        }

        var text = Encoding.UTF8.GetString(buffer, 0, written);
        return text.StartsWith("gitlab-ci-token:", StringComparison.Ordinal) && IsValid(text["gitlab-ci-token:".Length..]);
    }
}
