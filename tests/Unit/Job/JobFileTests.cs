using System.Text;
using PodExecutor.Driver.Cluster;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Job.State;

namespace PodExecutor.Tests.Unit.Job;

/// <summary>What prepare hands to run and cleanup.</summary>
public sealed class JobFileTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("job-file-").FullName;

    private string File => JobFileStore.PathIn(_directory);

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Load_AfterSave_GivesAllBack()
    {
        var job = Sample() with { ServicesPassed = true, Link = Sample().Link.WithPort("build", 40001).WithPort("helper", 40002) };

        JobFileStore.Save(File, job);
        var loaded = JobFileStore.Load(File)!;

        Assert.Equivalent(job, loaded, strict: true);
        Assert.Equal(job.Link.Key, loaded.Link.Key);
        Assert.Equal(40002, loaded.Link.Ports["helper"]);
    }

    [Fact]
    public void Save_Always_LeavesOneFileThatOnlyItsOwnerReads()
    {
        JobFileStore.Save(File, Sample());
        JobFileStore.Save(File, Sample());

        Assert.Equal(File, Assert.Single(Directory.GetFileSystemEntries(_directory)));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(File));
    }

    [Fact]
    public void Save_OverAReadersFile_DoesNotChangeWhatItReads()
    {
        JobFileStore.Save(File, Sample());
        using var reader = System.IO.File.OpenRead(File);
        var before = reader.Length;

        JobFileStore.Save(File, Sample() with { OptionsText = new string('x', 10_000) });

        Assert.Equal(before, reader.Length);
        Assert.Equal(10_000, JobFileStore.Load(File)!.OptionsText!.Length);
    }

    [Fact]
    public void Save_ThatFails_LeavesNoHalfFile()
    {
        Directory.CreateDirectory(File);

        Assert.ThrowsAny<Exception>(() => JobFileStore.Save(File, Sample()));

        Assert.Equal(File, Assert.Single(Directory.GetFileSystemEntries(_directory)));
    }

    [Fact]
    public void Load_WithoutAFile_IsNull()
    {
        Assert.Null(JobFileStore.Load(File));
        Assert.Null(JobFileStore.Load(Path.Combine(_directory, "no", "such", "directory")));
    }

    [Fact]
    public void Load_CutAtAnyByte_IsAJobFileExceptionWithoutAnySecret()
    {
        JobFileStore.Save(File, Sample());
        var whole = System.IO.File.ReadAllBytes(File);
        for (var length = 0; length < whole.Length; length++)
        {
            System.IO.File.WriteAllBytes(File, whole[..length]);
            var e = Assert.Throws<JobFileException>(() => JobFileStore.Load(File));
            Assert.DoesNotContain("s3cret", e.ToString(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("\"s3cret\"")]
    [InlineData("\0\0\0\0")]
    public void Load_Foreign_IsAJobFileException(string content)
    {
        System.IO.File.WriteAllText(File, content);

        var e = Assert.Throws<JobFileException>(() => JobFileStore.Load(File));

        Assert.Contains(File, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", e.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_OfAnotherVersion_IsAJobFileException()
    {
        JobFileStore.Save(File, Sample() with { Version = JobFile.CurrentVersion + 1 });

        Assert.Throws<JobFileException>(() => JobFileStore.Load(File));
    }

    [Fact]
    public void Load_OfADirectory_IsAJobFileException()
    {
        Directory.CreateDirectory(File);

        Assert.Throws<JobFileException>(() => JobFileStore.Load(File));
    }

    [Fact]
    public void Text_OfAJobFile_HoldsNoSecret()
    {
        var job = Sample();
        var key = Convert.ToBase64String(job.Link.Key);

        var text = $"{job} {job.Api} {job.Link} {job.Settings}";

        Assert.DoesNotContain("s3cret", text, StringComparison.Ordinal);
        Assert.DoesNotContain(key, text, StringComparison.Ordinal);
    }

    [Fact]
    public void Key_OfEachJob_IsItsOwn()
    {
        Assert.Equal(32, LinkState.New(LinkTransport.Auto).Key.Length);
        Assert.NotEqual(LinkState.New(LinkTransport.Auto).Key, LinkState.New(LinkTransport.Auto).Key);
    }

    internal static JobFile Sample() => new()
    {
        Pod = new PreparedPod("ci", "job-42"),
        OwnsNamespace = true,
        Api = new ApiEndpoint
        {
            Server = new Uri("https://10.0.0.1:6443/prefix"),
            Authorities = "-----BEGIN CERTIFICATE-----\nPEM\n",
            ServerName = "kubernetes",
            Certificate = "certificate",
            Key = "s3cret-key",
            Token = "s3cret-token",
            TokenFile = "/run/token",
            Username = "user",
            Password = "s3cret-password",
            Plugin = new KubeconfigReference("/etc/kubeconfig", null),
        },
        Settings = new CallSettings { RetryBudget = TimeSpan.FromMinutes(3), RequestTimeout = TimeSpan.FromSeconds(30), StopGrace = TimeSpan.FromMilliseconds(1500) },
        Services = [new ServiceState("redis", "redis:7", [6379, 6380]), new ServiceState("svc-1", "ünïcode", [])],
        ShownServices = ["redis"],
        HasCache = true,
        OptionsPath = "/etc/pod-executor/config.toml",
        OptionsText = "[kubernetes]\nbearer_token = \"s3cret\"\n",
        ExpiresAt = new DateTimeOffset(2026, 11, 30, 12, 0, 0, TimeSpan.Zero),
        Link = new LinkState { Key = Encoding.ASCII.GetBytes("s3cret-s3cret-s3cret-s3cret-1234"), Transport = LinkTransport.Exec },
    };
}
