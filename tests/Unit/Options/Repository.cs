namespace PodExecutor.Tests.Unit.Options;

/// <summary>Files of the project that tests compare with.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Executor.sln")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("The tests run from a checkout.");
        }

        return folder.FullName;
    }
}
