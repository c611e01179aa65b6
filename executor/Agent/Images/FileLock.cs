namespace PodExecutor.Agent.Images;

/// <summary>A file that one command of the job holds at a time. It stays, empty: whoever removed it would take it from one who waits.</summary>
internal static class FileLock
{
    /// <param name="patience">For others that are at it, for some milliseconds each.</param>
    /// <returns>Holds it until disposal.</returns>
    /// <exception cref="IOException">It cannot be made.</exception>
    /// <exception cref="ImageException">Another one does not let go of it.</exception>
    public static FileStream Take(string path, TimeSpan patience)
    {
        var begin = Environment.TickCount64;
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (File.Exists(path))
            {
                if (Environment.TickCount64 - begin >= patience.TotalMilliseconds)
                {
                    throw new ImageException($"Another command of the job holds {path} for more than {patience.TotalSeconds:0} seconds. Does one hang?");
                }

                Thread.Sleep(2);
            }
        }
    }
}
