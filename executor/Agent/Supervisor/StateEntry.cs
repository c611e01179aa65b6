namespace PodExecutor.Agent.Supervisor;

/// <summary>
/// The names in the agent's state directory. A script of the same user can put anything there: a directory in the place of a file, a
/// link that leads elsewhere.
/// </summary>
internal static class StateEntry
{
    /// <summary>Makes the name free. A directory is moved aside, not emptied: a leftover process may change it meanwhile.</summary>
    /// <exception cref="IOException">The name cannot be freed.</exception>
    /// <exception cref="UnauthorizedAccessException">Likewise.</exception>
    public static void Clear(string path)
    {
        try
        {
            // Of a link this removes the link; if there is no such name, nothing happens.
            File.Delete(path);
        }
        catch (DirectoryNotFoundException)
        {
            // Nor is there such a name.
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException && Directory.Exists(path))
        {
            Directory.Move(path, $"{path}.{Guid.NewGuid():N}");
        }
    }

    /// <summary>Makes a new file that only its owner may read and write, whatever stands there now.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">Likewise.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content, Identity owner)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        Clear(path);
        var create = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        using (var file = new FileStream(path, create))
        {
            file.Write(content);
        }

        owner.Own(path);
    }

    /// <summary>Makes the directory if there is none.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">Likewise.</exception>
    public static void MakeDirectory(string path, Identity owner)
    {
        if (!Directory.Exists(path))
        {
            Clear(path);
        }

        Directory.CreateDirectory(path);
        owner.Own(path);
    }
}
