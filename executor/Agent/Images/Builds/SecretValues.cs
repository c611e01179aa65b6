using System.Text;

namespace PodExecutor.Agent.Images.Builds;

/// <summary>Reads a secret's value at the moment when the builder asks for it.</summary>
internal static class SecretValues
{
    /// <summary>A "variable" that stands for the job token as an HTTP header; no real variable's name holds a colon.</summary>
    public const string GitHeader = "git:header";

    /// <summary>BuildKit's own limit, session/secrets/secretsprovider.</summary>
    private const int Limit = 500 * 1024;

    /// <summary>Null if there is no such variable or file: an optional mount goes without then.</summary>
    /// <exception cref="ImageException">Longer than BuildKit takes.</exception>
    public static byte[]? Read(SecretRequest secret, ImageContext context)
    {
        var value = secret switch
        {
            { Variable: GitHeader } => Encoding.UTF8.GetBytes("basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("gitlab-ci-token:" + context.Variable("CI_JOB_TOKEN")))),
            { Variable: { } name } => context.Variable(name) is { } text ? FileVariable(name, text) : null,
            { File: { } path } => File.Exists(context.At(path)) ? File.ReadAllBytes(context.At(path)) : null,
            _ => null,
        };
        return value is { Length: > Limit } ? throw new ImageException($"The secret {secret.Id} has {value.Length} bytes; BuildKit takes {Limit} at most.") : value;
    }

    // A variable of GitLab's type "file" holds a path below the builds folder's ".tmp": its content is meant.
    private static byte[] FileVariable(string name, string text) =>
        text.StartsWith('/') && text.Contains(".tmp/", StringComparison.Ordinal) && Path.GetFileName(text) == name && File.Exists(text)
            ? File.ReadAllBytes(text)
            : Encoding.UTF8.GetBytes(text);
}
