using PodExecutor.Agent.Images.Progress;

namespace PodExecutor.Agent.Images.Verbs;

/// <summary>Why a build context is large: folders that seldom belong into an image and are not in .dockerignore.</summary>
internal static class ContextAdvice
{
    private const int Named = 3;
    private const long WorthNaming = 10_000_000;
    private const int MostFiles = 200_000;

    private static readonly string[] Suspects =
        [".git", "node_modules", "target", "build", "dist", "out", "bin", "obj", ".venv", "venv", ".cache", ".npm", ".m2", ".gradle", "vendor", "coverage", "__pycache__", ".terraform"];

    /// <summary>".dockerignore lacks .git (210MB), node_modules (150MB)", or null.</summary>
    public static string? Of(string directory)
    {
        var ignore = Path.Combine(directory, ".dockerignore");
        var lines = File.Exists(ignore) ? File.ReadAllLines(ignore).Select(l => l.Trim().Trim('/')).ToHashSet(StringComparer.Ordinal) : [];
        var large = Suspects
            .Where(name => Directory.Exists(Path.Combine(directory, name)) && !lines.Contains(name) && !lines.Contains("**/" + name) && !lines.Contains(name + "/**"))
            .Select(name => (Name: name, Size: SizeOf(Path.Combine(directory, name))))
            .Where(f => f.Size > WorthNaming)
            .OrderByDescending(f => f.Size)
            .Take(Named)
            .ToList();
        return large.Count == 0 ? null : ".dockerignore lacks " + string.Join(", ", large.Select(f => $"{f.Name} ({ByteText.Of(f.Size)})"));
    }

    private static long SizeOf(string folder)
    {
        var options = new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true, AttributesToSkip = FileAttributes.ReparsePoint };
        return new DirectoryInfo(folder).EnumerateFiles("*", options).Take(MostFiles).Sum(f => f.Length);
    }
}
