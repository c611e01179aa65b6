namespace PodExecutor.Agent.Builders;

/// <summary>
/// How the helper container tells the build container's supervisor that an image build found no builder: a file that no script can write. By it the supervisor
/// tells a fault of ours from a script that ends with the same exit code by itself.
/// </summary>
internal sealed class AwayNote(string path)
{
    /// <summary>What there is, to be compared with later; empty if nothing was told yet.</summary>
    public string Read()
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    /// <returns>Why the last build had no builder, if that was told after the note was read; else empty.</returns>
    public string Since(string before)
    {
        var now = Read();
        return now == before ? "" : now[(now.IndexOf('\n', StringComparison.Ordinal) + 1)..];
    }

    /// <summary>Never throws: the build fails in any case, and whose fault it was is less than that.</summary>
    public void Tell(string why)
    {
        try
        {
            // With a mark of its own, so that the same words told again are news; moved into place, so that nobody reads a half.
            var mark = Guid.NewGuid().ToString("N");
            var fresh = $"{path}.{mark}";
            File.WriteAllText(fresh, $"{mark}\n{why}");
            File.SetUnixFileMode(fresh, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
            File.Move(fresh, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"pod-agent: it cannot be noted that no builder was there: {e.Message}");
        }
    }
}
