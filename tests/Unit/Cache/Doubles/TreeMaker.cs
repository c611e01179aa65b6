namespace PodExecutor.Tests.Unit.Cache.Doubles;

/// <summary>Makes trees of all kinds of names, the same for the same seed.</summary>
internal sealed class TreeMaker(string root, int seed)
{
    private static readonly int[] Sizes = [0, 1, 100, 4096, 65_537, 2_097_151, 2_097_152, 2_097_153, 5_000_000];
    private readonly Random _random = new(seed);
    private readonly List<string> _directories = [root];
    private readonly List<string> _files = [];

    public void Make(int names)
    {
        Directory.CreateDirectory(root);
        for (var i = 0; i < names; i++)
        {
            var path = Path.Combine(_directories[_random.Next(_directories.Count)], Name(i));
            switch (_random.Next(8))
            {
                case 0 or 1:
                    Directory.CreateDirectory(path);
                    _directories.Add(path);
                    break;
                case 2 when _files.Count > 0:
                    File.CreateSymbolicLink(path, _random.Next(2) == 0 ? _files[_random.Next(_files.Count)] : "../../" + Name(i));
                    break;
                case 3 when _files.Count > 0:
                    Shell.Run("ln", _files[_random.Next(_files.Count)], path);
                    break;
                default:
                    WriteFile(path);
                    break;
            }
        }

        foreach (var path in _files.Concat(_directories))
        {
            File.SetUnixFileMode(path, (UnixFileMode)(_random.Next(0x200) | (Directory.Exists(path) ? 0x1C0 : 0x100)));
        }

        foreach (var path in _files.Concat(_directories))
        {
            File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch.AddTicks((long)(_random.NextDouble() * 1.7e16)));
        }
    }

    /// <summary>Of a tree that is there: rewrites, removes, adds, renames.</summary>
    public void Change()
    {
        var files = Directory.GetFiles(root, "*", SearchOption.AllDirectories).Where(f => new FileInfo(f).LinkTarget is null).Order(StringComparer.Ordinal).ToList();
        foreach (var file in files.Where(_ => _random.Next(6) == 0))
        {
            switch (_random.Next(3))
            {
                case 0:
                    File.Delete(file);
                    break;
                case 1:
                    File.Move(file, file + ".moved");
                    break;
                default:
                    // The time of before: only content tells.
                    var before = File.GetLastWriteTimeUtc(file);
                    File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
                    WriteFile(file);
                    File.SetLastWriteTimeUtc(file, before);
                    break;
            }
        }

        WriteFile(Path.Combine(root, "new"));
    }

    private string Name(int i) => _random.Next(4) switch
    {
        0 => $"n{i}",
        1 => $".{i} ü",
        2 => new string('x', 200) + i,
        _ => $"{i}\t*?\\",
    };

    private void WriteFile(string path)
    {
        var content = new byte[Sizes[_random.Next(Sizes.Length)]];
        if (_random.Next(3) != 0)
        {
            _random.NextBytes(content);
        }

        using var file = new FileStream(path, FileMode.Create);
        if (_random.Next(4) == 0)
        {
            file.SetLength(content.Length + 3_000_000);
            file.Position = 1_000_000;
        }

        file.Write(content);
        _files.Add(path);
    }
}
