using PodExecutor.Driver.Failures;

namespace PodExecutor.Driver.Job.State;

/// <summary>
/// The job file on disk: in TMPDIR, which gitlab-runner makes for one try of a job (0700) and deletes after cleanup. A pipeline cannot
/// set TMPDIR: its variables arrive with the prefix CUSTOM_ENV_.
/// </summary>
internal static class JobFileStore
{
    public const string FileName = "pod-executor.job";

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public static string PathIn(string directory) => Path.Combine(directory, FileName);

    /// <summary>Writes the file whole or not at all: a reader sees the old one or the new one.</summary>
    /// <exception cref="IOException">The disk is full, or the directory is gone.</exception>
    public static void Save(string path, JobFile job)
    {
        var temporary = $"{path}.{Environment.ProcessId}";
        File.Delete(temporary);
        try
        {
            using (var file = new FileStream(temporary, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly, BufferSize = 0 }))
            {
                file.Write(JobFileJson.Write(job));
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <returns>Null if there is no file.</returns>
    /// <exception cref="JobFileException">The file cannot be read, is damaged, or is of another version.</exception>
    public static JobFile? Load(string path)
    {
        try
        {
            return JobFileReader.Parse(File.ReadAllBytes(path))
                ?? throw new JobFileException(path, "it is damaged or was written by another version of pod-executor");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new JobFileException(path, e.Message, e);
        }
    }

    /// <summary>What is not there is fine.</summary>
    public static void Delete(string path)
    {
        if (File.Exists(path))
        {
            File.Delete(path);
        }
    }
}

/// <summary>The job file is there and cannot be used. Its text holds nothing of the file's content.</summary>
internal sealed class JobFileException(string path, string why, Exception? inner = null) : Exception($"the state file {path} cannot be used: {why}", inner)
{
    public Failure ToFailure(string call) => new(
        FailureKind.System,
        $"{call} failed: {Message}",
        null,
        "Do not change pod-executor's version or its files while jobs run; the runner may try the job again.");
}
