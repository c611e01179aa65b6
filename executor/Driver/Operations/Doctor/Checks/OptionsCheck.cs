using PodExecutor.Driver.Options;

namespace PodExecutor.Driver.Operations.Doctor.Checks;

/// <summary>The options file: every problem at once, each with its line and remedy.</summary>
internal static class OptionsCheck
{
    /// <returns>The options, null if there is any problem.</returns>
    public static (ExecutorOptions? Options, IReadOnlyList<Finding> Findings) Run(string path)
    {
        string text;
        try
        {
            text = File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return (null, [Finding.Error($"{path} cannot be read", e.Message, "Name the right file with --config FILE, or write one: pod-executor migrate.")]);
        }

        var (options, problems) = OptionsFile.Parse(text, path);
        return problems.Count == 0
            ? (options, [Finding.Ok($"{path} is valid"), .. Permissions(options, path)])
            : (null, [.. problems.Select(p => Finding.Error($"line {p.Line}: {(p.Key.Length > 0 ? p.Key + ": " : "")}{p.What}", null, p.Remedy))]);
    }

    private static IEnumerable<Finding> Permissions(ExecutorOptions options, string path)
    {
        if (options.Kubernetes.Connection.BearerToken is not null && File.GetUnixFileMode(path).HasFlag(UnixFileMode.OtherRead))
        {
            yield return Finding.Warning(
                $"{path} holds a token, and everybody on this machine may read it", null, $"Let only gitlab-runner's user read it: chmod 600 {path}, or use a kubeconfig.");
        }
    }
}
