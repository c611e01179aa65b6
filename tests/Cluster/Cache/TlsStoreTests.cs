using System.Text.RegularExpressions;
using PodExecutor.Driver.Pipelines.Runner;
using PodExecutor.Tests.Cluster.Fixtures;

namespace PodExecutor.Tests.Cluster.Cache;

/// <summary>Jobs whose store has TLS with an authority of its own, and encrypts what it keeps.</summary>
public sealed class TlsStoreTests(TestCluster cluster)
{
    private const string Build = "mkdir -p target; echo compiled > target/A.class; echo built";
    private const string Check = "test \"$(cat target/A.class)\" = compiled; echo found";
    private const string Absent = "test ! -e target; echo absent";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static string Trusted => $"ca_file = \"{S3Server.Authority}\"";

    [Fact]
    public async Task Cache_OfAServerWithItsOwnAuthority_IsSavedAndFound()
    {
        var server = await S3Server.OpenAsync();

        var saved = await RunAsync(server.TlsToml(Trusted), Build);
        var found = await RunAsync(server.TlsToml(Trusted), Check);

        Assert.All([saved, found], log => Assert.DoesNotMatch("WARNING: (No c|C)ache", log));
        Assert.Contains("Restored cache k", found);
        Assert.All((await server.ObjectsAsync(Cancel)).Values, o => Assert.DoesNotContain("user.rgw.crypt", o));
    }

    [Fact]
    public async Task Cache_OfAServerThatNobodyKnows_IsOneWarningPerStageThatNamesTheCertificate()
    {
        var server = await S3Server.OpenAsync();

        var log = await RunAsync(server.TlsToml(""), $"{Absent}; {Build}");

        Assert.True(Regex.Count(log, "WARNING: .*certificate is invalid.*cache.s3.ca_file") == 2, log);
        Assert.Empty(await server.ObjectsAsync(Cancel));
    }

    [Theory]
    [InlineData("server_side_encryption = \"KMS\"\nserver_side_encryption_key_id = \"testkey\"", "SSE-KMS")]
    [InlineData("server_side_encryption = \"S3\"", null)]
    public async Task Cache_ThatTheServerEncrypts_IsSavedAndFound(string keys, string? mode)
    {
        var server = await S3Server.OpenAsync();
        var toml = server.TlsToml($"{Trusted}\n{keys}");

        var saved = await RunAsync(toml, Build);
        var found = await RunAsync(toml, Check);

        Assert.All([saved, found], log => Assert.DoesNotMatch("WARNING: (No c|C)ache", log));
        var objects = await server.ObjectsAsync(Cancel);
        Assert.Contains(objects.Keys, n => n.Contains("/packs/", StringComparison.Ordinal));
        Assert.Contains(objects.Keys, n => !n.Contains("/packs/", StringComparison.Ordinal));
        if (mode is not null)
        {
            // Ceph without a default key accepts SSE-S3 and has nothing to encrypt with: of that only the request is shown.
            Assert.All(objects, o => Assert.True(o.Value.Contains($"\"user.rgw.crypt.mode\": \"{mode}\"", StringComparison.Ordinal), $"{o.Key}: {o.Value}"));
        }
    }

    [Fact]
    public async Task Cache_ThatTheServerWillNotEncrypt_IsAWarningAndNoFailedJob()
    {
        var server = await S3Server.OpenAsync();
        var toml = server.TlsToml($"{Trusted}\nserver_side_encryption = \"KMS\"\nserver_side_encryption_key_id = \"no-such-key\"");

        var log = await RunAsync(toml, Build);

        Assert.True(Regex.IsMatch(log, "WARNING: Cache k: .* 40[03]"), log);
        Assert.Empty(await server.ObjectsAsync(Cancel));
    }

    private async Task<string> RunAsync(string toml, string script)
    {
        var request = new JobRequest(script) { Options = toml, Cache = [new PayloadCache { Key = "k", Paths = ["target/"] }] };
        await using var job = new TestJob(cluster, request);
        var outcome = await job.RunAsync();
        Assert.True(outcome.Result == JobResult.Success, job.Log.Text);
        return Regex.Replace(job.Log.Text, "\e\\[[0-9;]*[a-zA-Z]", "");
    }
}
