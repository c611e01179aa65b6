using PodExecutor.Driver.Cache.Store;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Options;

namespace PodExecutor.Tests.Unit.Cache;

public sealed class RequestSignerTests
{
    private static readonly Dictionary<string, string> NoHeaders = [];

    /// <summary>The example of AWS's own documentation: "Authenticating Requests: Using Query Parameters (AWS Signature Version 4)".</summary>
    [Fact]
    public void Request_OfTheDocumentation_HasItsSignature()
    {
        var address = StoreAddress.Of(new S3Options { ServerAddress = "s3.amazonaws.com", BucketName = "examplebucket", BucketLocation = "us-east-1" });
        var login = new StoreLogin("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", null);

        var signed = new RequestSigner(address, login, new StoppedClock(new DateTimeOffset(2013, 5, 24, 0, 0, 0, TimeSpan.Zero)))
            .Sign(HttpMethod.Get, "test.txt", TimeSpan.FromDays(1), NoHeaders);

        Assert.Equal(
            "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
            + "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
            signed.Url);
    }

    [Theory]
    [InlineData(true, "minio:9000", "http://minio:9000/b/a%20b/c%2Bd%C3%A4")]
    [InlineData(true, "minio:80", "http://minio/b/a%20b/c%2Bd%C3%A4")]
    [InlineData(false, "minio:443", "https://minio/b/a%20b/c%2Bd%C3%A4")]
    [InlineData(false, "minio:80", "https://minio:80/b/a%20b/c%2Bd%C3%A4")]
    public void Url_OfAnObject_IsWhatAClientSends(bool insecure, string server, string expected)
    {
        var address = StoreAddress.Of(new S3Options { ServerAddress = server, BucketName = "b", Insecure = insecure, PathStyle = true });

        var url = new RequestSigner(address, new StoreLogin("a", "s", null), TimeProvider.System).Sign(HttpMethod.Get, "a b/c+dä", TimeSpan.FromMinutes(1), NoHeaders).Url;

        Assert.StartsWith(expected + "?", url);
        Assert.StartsWith(expected + "?", new Uri(url).AbsoluteUri);
    }

    [Fact]
    public void Login_PrintedByMistake_ShowsNothing() => Assert.DoesNotContain("hidden", $"{new StoreLogin("hidden", "hidden", "hidden")}");

    private sealed class StoppedClock(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
