using PodExecutor.Driver.Failures;
using PodExecutor.Driver.Operations.Migrate;

namespace PodExecutor.Tests.Unit.Operations;

public sealed class MigrationFilesTests : IDisposable
{
    private const UnixFileMode ForOwner = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly string _folder = Directory.CreateTempSubdirectory("migrate-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Files_Written_HaveTheirModesAndLeaveNoDraft()
    {
        MigrationFiles.Write([new("open", "a\n", IsSecret: false), new("secret", "b\n", IsSecret: true)], Path.Combine(_folder, "new"), overwrite: false);

        Assert.Equal(["open", "secret"], Directory.GetFiles(Path.Combine(_folder, "new")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(ForOwner, File.GetUnixFileMode(Path.Combine(_folder, "new", "secret")));
        Assert.Equal("a\n", File.ReadAllText(Path.Combine(_folder, "new", "open")));
    }

    [Fact]
    public void Files_OfWhichOneIsThere_AreNotWrittenUnlessForced()
    {
        var there = Path.Combine(_folder, "secret");
        File.WriteAllText(there, "old\n");
        IReadOnlyList<MigratedFile> files = [new("open", "a\n", IsSecret: false), new("secret", "new\n", IsSecret: true)];

        var e = Assert.Throws<FailureException>(() => MigrationFiles.Write(files, _folder, overwrite: false));

        Assert.Contains("secret would be overwritten", e.Message);
        Assert.Equal([there], Directory.GetFiles(_folder));
        MigrationFiles.Write(files, _folder, overwrite: true);
        Assert.Equal(("new\n", ForOwner), (File.ReadAllText(there), File.GetUnixFileMode(there)));
    }

    [Fact]
    public void Files_ThatCannotBeWritten_AreAFailureThatNamesTheFolder()
    {
        var file = Path.Combine(_folder, "file");
        File.WriteAllText(file, "");

        var e = Assert.Throws<FailureException>(() => MigrationFiles.Write([new("a", "", false)], Path.Combine(file, "below"), overwrite: false));

        Assert.Contains(file, e.Message);
    }
}
