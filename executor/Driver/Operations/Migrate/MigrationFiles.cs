using PodExecutor.Driver.Failures;

namespace PodExecutor.Driver.Operations.Migrate;

/// <summary>Puts the files onto the disk: all or none that is there already, each whole or not at all.</summary>
internal static class MigrationFiles
{
    private const UnixFileMode ForOwner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode ForAll = ForOwner | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <exception cref="FailureException">A file is there, or cannot be written.</exception>
    public static void Write(IReadOnlyList<MigratedFile> files, string folder, bool overwrite)
    {
        var there = files.Where(f => Path.Exists(Path.Combine(folder, f.Name))).ToList();
        if (there.Count > 0 && !overwrite)
        {
            throw new FailureException(new Failure(
                FailureKind.System, $"{string.Join(", ", there)} would be overwritten in {folder}", "nothing was written", "Name another --output, or say --force."));
        }

        try
        {
            Directory.CreateDirectory(folder);
            foreach (var file in files)
            {
                WriteOne(file, folder);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FailureException(new Failure(FailureKind.System, $"The files cannot be written to {folder}", e.Message, "Name another --output."), e);
        }
    }

    /// <summary>Beside its place, then renamed: a reader sees the old file or the new one. Its mode is right from its first byte on.</summary>
    private static void WriteOne(MigratedFile file, string folder)
    {
        var target = Path.Combine(folder, file.Name);
        var draft = $"{target}.{Guid.NewGuid():N}";
        try
        {
            using (var stream = new FileStream(draft, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = file.IsSecret ? ForOwner : ForAll }))
            {
                stream.Write(System.Text.Encoding.UTF8.GetBytes(file.Text));
                stream.Flush(flushToDisk: true);
            }

            File.Move(draft, target, overwrite: true);
        }
        finally
        {
            File.Delete(draft);
        }
    }
}
