namespace PodExecutor.Agent.Artifacts;

/// <summary>Reads a job's files so that trouble with a file is never taken for trouble with the network.</summary>
internal static class ArtifactFile
{
    private const int BufferSize = 64 * 1024;

    /// <summary>null after a warning if the file is gone: a job's background process may still be cleaning up.</summary>
    /// <exception cref="ArtifactException">It cannot be opened.</exception>
    public static FileStream? Open(RunnerContext context, SelectedFile file)
    {
        try
        {
            // Shared in every way, or .NET would lock the file.
            return new FileStream(
                context.Directory + "/" + file.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, useAsync: false);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            context.Warn($"{file.Path}: the file vanished before it could be uploaded.");
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(file.Path, e);
        }
    }

    /// <summary>Passes all bytes on in pieces of at most 64 KiB.</summary>
    /// <exception cref="ArtifactException">Reading fails; what writing throws passes through.</exception>
    public static async Task CopyAsync(FileStream from, string name, Func<ReadOnlyMemory<byte>, ValueTask> write, CancellationToken cancel)
    {
        var buffer = new byte[BufferSize];
        while (true)
        {
            int count;
            try
            {
                count = await from.ReadAsync(buffer, cancel);
            }
            catch (IOException e)
            {
                throw Unreadable(name, e);
            }

            if (count == 0)
            {
                return;
            }

            await write(buffer.AsMemory(0, count));
        }
    }

    private static ArtifactException Unreadable(string name, Exception e) =>
        new($"The artifact {name} cannot be read: {e.Message} Let the job make its artifacts readable for its own user, or exclude them.", e);
}
