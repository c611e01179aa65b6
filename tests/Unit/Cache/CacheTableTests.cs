using PodExecutor.Driver.Options;
using PodExecutor.Driver.Pods;

namespace PodExecutor.Tests.Unit.Cache;

/// <summary>[cache] and [cache.s3] of the options file.</summary>
public sealed class CacheTableTests
{
    private const string Kubernetes = "[kubernetes]\nhelper_image = \"h\"\n";

    [Fact]
    public void File_WithoutTheTable_LeavesCachesToTheRunner() => Assert.Null(OptionsFile.Parse(Kubernetes, "f").Options.Cache);

    [Fact]
    public void Table_WithTheRunnersNames_IsRead()
    {
        var (options, problems) = OptionsFile.Parse(
            Kubernetes + """
            [cache]
            type = "s3"
            path = "/ci/"
            shared = true
            max_uploaded_archive_size = "5Gi"
            [cache.s3]
            server_address = "minio:9000"
            bucket_name = "cache"
            bucket_location = "eu"
            insecure = true
            access_key = "a"
            secret_key_file = "/run/secrets/s"
            server_side_encryption = "KMS"
            """,
            "f");

        Assert.Empty(problems);
        var cache = options.Cache!;
        Assert.Equal(("ci", true, 5L << 30), (cache.Path, cache.Shared, cache.MaxUploadedArchiveSize));
        Assert.Equal(("minio:9000", "cache", "eu", true, true), (cache.S3.ServerAddress, cache.S3.BucketName, cache.S3.BucketLocation, cache.S3.Insecure, cache.S3.PathStyle));
        Assert.Equal(("a", "/run/secrets/s", ServerSideEncryption.Kms), (cache.S3.AccessKey, cache.S3.SecretKeyFile, cache.S3.Encryption));
    }

    [Theory]
    [InlineData("s3.eu-west-1.amazonaws.com", false)]
    [InlineData("storage.googleapis.com", false)]
    [InlineData("ceph.example.com", true)]
    public void PathStyle_ByDefault_IsTheRunners(string server, bool expected) =>
        Assert.Equal(expected, OptionsFile.Parse($"{Kubernetes}[cache.s3]\nserver_address = \"{server}\"\nbucket_name = \"b\"\n", "f").Options.Cache!.S3.PathStyle);

    [Theory]
    [InlineData("server_address = \"http://minio:9000\"\nbucket_name = \"b\"", "cache.s3.server_address")]
    [InlineData("server_address = \"minio:9000\"", "cache.s3.bucket_name")]
    [InlineData("server_address = \"minio:9000\"\nbucket_name = \"b\"\nbucket = \"b\"", "cache.s3.bucket")]
    public void Table_WithAMistake_NamesTheKey(string s3, string key) =>
        Assert.Equal(key, Assert.Single(OptionsFile.Parse($"{Kubernetes}[cache.s3]\n{s3}\n", "f").Problems).Key);

    [Theory]
    [InlineData("0", 0L)]
    [InlineData("1024", 1024L)]
    [InlineData("1.5Gi", 1610612736L)]
    [InlineData("2k", 2000L)]
    [InlineData("2Ki", 2048L)]
    [InlineData("", null)]
    [InlineData("5x", null)]
    [InlineData("Gi", null)]
    [InlineData("-1", null)]
    [InlineData("99999999Ei", null)]
    public void Quantities_AsBytes(string text, long? expected) => Assert.Equal(expected, Quantities.ToBytes(text));
}
