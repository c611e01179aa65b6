namespace PodExecutor.Agent.Images.Logins;

/// <summary>docker's config.json on disk, changed by one command of the job at a time: scripts log in to several registries at once.</summary>
internal static class DockerConfigFile
{
    /// <param name="change">Returns whether there is anything to write.</param>
    /// <param name="patience">For others that are at it, for some milliseconds each.</param>
    /// <returns>What the change returned.</returns>
    /// <exception cref="ImageException">The file is damaged, cannot be written, or is not let go of.</exception>
    public static bool Update(string path, TimeSpan patience, Func<DockerConfig, bool> change)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            using var alone = FileLock.Take(path + ".lock", patience);   // beside it, for config.json itself is replaced
            var config = DockerConfig.Read(path);
            var changed = change(config);
            if (changed)
            {
                config.Write(path);
            }

            return changed;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ImageException($"{path}, where logins are kept, cannot be written: {e.Message} Set DOCKER_CONFIG to a folder that the job may write.", ImageExit.Failure, e);
        }
    }
}
