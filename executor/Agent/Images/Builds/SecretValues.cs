using System.Text;

namespace PodExecutor.Agent.Images.Builds;

/// <summary>Reads a secret's value at the moment when the builder asks for it.</summary>
internal static class SecretValues
{
    /// <summary>A "variable" that stands for the job token as an HTTP header; no real variable's name holds a colon.</summary>
    public const string GitHeader = "git:header";

    /// <summary>BuildKit's own limit, session/secrets/secretsprovider.</summary>
    private const int Limit = 500 * 1024;

    /// <summary>Before a build: a file that the command line names must be there. Not where an image is made again: its steps are in the builder's cache.</summary>
    /// <exception cref="ImageException">It is not.</exception>
    public static void Require(IEnumerable<SecretRequest> secrets, ImageContext context)
    {
        foreach (var secret in secrets.Where(s => s.File is not null && !File.Exists(context.At(s.File))))
        {
            if (!secret.IsGuess)
            {
                var why = Directory.Exists(context.At(secret.File!)) ? "is a folder, where a file is expected" : $"does not exist in {context.Directory}";
                throw new ImageException($"--secret id={secret.Id},src={secret.File}: the file {why}. A variable is named by --secret id={secret.Id},env=VARIABLE.");
            }

            context.Warn($"--secret id={secret.Id}: there is neither a variable nor a file {secret.Id}: the steps go without it. Is the variable protected, and the branch not?");
        }
    }

    /// <summary>Null if there is no such variable or file: an optional mount goes without then.</summary>
    /// <exception cref="ImageException">It cannot be read, or is longer than BuildKit takes.</exception>
    public static byte[]? Read(SecretRequest secret, ImageContext context)
    {
        var value = secret switch
        {
            { Variable: GitHeader } => Encoding.UTF8.GetBytes("basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("gitlab-ci-token:" + context.Variable("CI_JOB_TOKEN")))),
            { Variable: { } name } => context.Variable(name) is { } text ? FileVariable(name, text) : null,
            { File: { } path } => File.Exists(context.At(path)) ? FileContent(secret.Id, context.At(path)) : null,
            _ => null,
        };
        return value is { Length: > Limit } ? throw new ImageException($"The secret {secret.Id} has {value.Length} bytes; BuildKit takes {Limit} at most.") : value;
    }

    private static byte[] FileContent(string id, string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ImageException($"--secret id={id}: the file {path} cannot be read: {e.Message}", ImageExit.Failure, e);
        }
    }

    // A variable of GitLab's type "file" holds a path below the builds folder's ".tmp": its content is meant.
    private static byte[] FileVariable(string name, string text) =>
        text.StartsWith('/') && text.Contains(".tmp/", StringComparison.Ordinal) && Path.GetFileName(text) == name && File.Exists(text)
            ? File.ReadAllBytes(text)
            : Encoding.UTF8.GetBytes(text);
}
