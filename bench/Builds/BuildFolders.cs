using System.Globalization;
using System.Text;

namespace PodExecutor.Bench.Builds;

/// <summary>What is built. Contents are random, so that nothing on the way can save any.</summary>
internal static class BuildFolders
{
    /// <summary>A Dockerfile of many steps, each with a file of its own.</summary>
    public static string Layers(string parent, int count)
    {
        var folder = Directory.CreateDirectory(Path.Combine(parent, "layers")).FullName;
        var dockerfile = new StringBuilder("FROM scratch\n");
        for (var i = 0; i < count; i++)
        {
            File.WriteAllText(Path.Combine(folder, $"file-{i}"), Guid.NewGuid().ToString());
            dockerfile.Append(CultureInfo.InvariantCulture, $"COPY file-{i} /\n");
        }

        File.WriteAllText(Path.Combine(folder, "Dockerfile"), dockerfile.ToString());
        return folder;
    }

    /// <summary>Many files in folders of 500.</summary>
    public static string Large(string parent, int files, int size)
    {
        const int filesInAFolder = 500;
        var folder = Directory.CreateDirectory(Path.Combine(parent, "large")).FullName;
        var content = new byte[size];
        for (var i = 0; i < files; i++)
        {
            var below = Path.Combine(folder, $"folder-{i / filesInAFolder:000}");
            if (i % filesInAFolder == 0)
            {
                Directory.CreateDirectory(below);
            }

            Random.Shared.NextBytes(content);
            File.WriteAllBytes(Path.Combine(below, $"file-{i:00000}.bin"), content);
        }

        File.WriteAllText(Path.Combine(folder, "Dockerfile"), "FROM scratch\nCOPY . /\n");
        return folder;
    }
}
