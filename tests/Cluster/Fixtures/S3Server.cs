using System.Net;
using System.Net.Sockets;
using PodExecutor.Driver.Cache.Store;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Options;

namespace PodExecutor.Tests.Cluster.Fixtures;

/// <summary>The real S3 server that test.sh brought up (tests/testbed/s3.sh), and what a test has in it: a path of its own.</summary>
internal sealed class S3Server
{
    private static readonly Lazy<Task> Bucket = new(() => Shell.RunAsync("bash", Script, "bucket", BucketName));

    private S3Server() => Folder = $"test-{Guid.NewGuid():N}"[..17];

    public const string BucketName = "cache-tests";

    /// <summary>Reachable from pods, too.</summary>
    public static string Address => Given("POD_EXECUTOR_S3_SERVER");

    /// <summary>The same server, with TLS.</summary>
    public static string TlsAddress => Given("POD_EXECUTOR_S3_TLS_SERVER");

    /// <summary>The file of the authority that signed its certificate, which nobody here knows otherwise.</summary>
    public static string Authority => Given("POD_EXECUTOR_S3_AUTHORITY");

    public static StoreLogin Login => new(Given("POD_EXECUTOR_S3_ACCESS_KEY"), Given("POD_EXECUTOR_S3_SECRET_KEY"), null);

    /// <summary>The `path` of [cache]: nothing of other tests is below it.</summary>
    public string Folder { get; }

    public static async Task<S3Server> OpenAsync()
    {
        await Bucket.Value;
        return new S3Server();
    }

    /// <summary>A port on which nobody listens.</summary>
    public static string Nobody()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return $"127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";
    }

    public CacheOptions Options(string? server = null) => new()
    {
        Path = Folder,
        GrantLifetime = TimeSpan.FromMinutes(5),
        RequestTimeout = TimeSpan.FromSeconds(60),
        RetryBudget = TimeSpan.FromSeconds(60),
        KeepFor = TimeSpan.FromDays(30),
        LongestJob = TimeSpan.FromDays(1),
        S3 = new S3Options { ServerAddress = server ?? Address, BucketName = BucketName, Insecure = true, PathStyle = true },
    };

    public S3Store Store(CacheOptions? options = null, StoreLogin? login = null, TimeProvider? time = null) =>
        new(options ?? Options(), login ?? Login, time ?? TimeProvider.System);

    /// <summary>[cache] for a job's options file.</summary>
    public string Toml(string? server = null, string more = "") => $"""
        [cache]
        path = "{Folder}"
        {more}
        [cache.s3]
        server_address = "{server ?? Address}"
        bucket_name = "{BucketName}"
        insecure = true
        access_key = "{Login.AccessKey}"
        secret_key = "{Login.SecretKey}"
        """;

    /// <summary>[cache] by way of TLS.</summary>
    /// <param name="more">Keys of [cache.s3].</param>
    public string TlsToml(string more) => $"{Toml(TlsAddress).Replace("insecure = true", "", StringComparison.Ordinal)}\n{more}";

    /// <summary>What the server itself keeps about each object of <see cref="Folder"/>, as it says it.</summary>
    public async Task<IReadOnlyDictionary<string, string>> ObjectsAsync(CancellationToken cancel)
    {
        using var store = Store();
        var objects = new Dictionary<string, string>();
        foreach (var item in await store.ListAsync(Folder + "/", cancel))
        {
            objects[item.Name] = await Shell.RunAsync("bash", Script, "object", BucketName, item.Name);
        }

        return objects;
    }

    private static string Script => Path.Combine(Given("POD_EXECUTOR_TESTBED"), "s3.sh");

    private static string Given(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value
            ? value
            : throw new InvalidOperationException($"{variable} is not set. These tests are started by ./test.sh, which brings the S3 server up.");
}
