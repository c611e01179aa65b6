using static PodExecutor.Driver.Options.KeyMark;

namespace PodExecutor.Driver.Options;

/// <summary>[cache] and [cache.s3]; keys and meanings as in gitlab-runner's [runners.cache] and [runners.cache.s3].</summary>
internal static class CacheTable
{
    public const string Name = "cache";
    public const string Meaning = "Caches on S3, kept by pod-executor instead of the runner's scripts: see [cache.md](cache.md). Without this table the runner's own cache settings apply. Keys and meanings as in gitlab-runner's `[runners.cache]`.";

    private const int Day = 86_400;

    public static CacheOptions Read(OptionsReader read)
    {
        read.Key("type", P0, "Only S3 is there.").Word("s3");
        return new CacheOptions
        {
            Path = (read.Key("path", P1, "Put before every object's name.").Text() ?? "").Trim('/'),
            Shared = read.Key("shared", P0, "Whether runners with other tokens see the same caches.").Flag(false),
            MaxUploadedArchiveSize = read.Key("max_uploaded_archive_size", P1, "Bytes of one cache at most; 0: no limit.").Bytes(),
            GrantLifetime = read.Key("grant_lifetime", Own, "How long a job's pod may use one presigned request.").Seconds(600, 1, 7 * Day),
            RequestTimeout = read.Key("request_timeout", Own, "One request of the driver to the store.").Seconds(10, 1, 600),
            RetryBudget = read.Key("retry_budget", Own, "How long the store may be away before a restore is a miss and a save is given up.").Seconds(20, 0, 3_600),
            KeepFor = read.Key("keep_for", Own, "How long `cache gc` keeps a key that nobody restores or saves.").Seconds(30 * Day, 60, 3_650 * Day),
            ProjectQuota = read.Key("project_quota", Own, "Bytes of one project at most, kept by `cache gc`; 0: no limit.").Bytes(),
            LongestJob = read.Key("longest_job", Own, "Longer than any job runs: `cache gc` removes no content that is younger.").Seconds(Day, 1, 30 * Day),
            Build = read.Key("build", Own, "Image builds keep their layers in this bucket, per project, protection class and branch; a branch starts from the default branch's. The builder, not the job, gets the login and must reach the server under the same address: see [images.md](images.md).").Flag(false),
            S3 = read.Table("s3", "The bucket; keys and meanings as in gitlab-runner's `[runners.cache.s3]`.", S3),
        };
    }

    private static S3Options S3(OptionsReader read)
    {
        var address = read.Key("server_address", P0, "Host, and port where it is not the scheme's own.").Required();
        if (address.Contains('/', StringComparison.Ordinal))
        {
            read.Problem("server_address", "is host and port only", "Write server_address = \"minio.example.com:9000\"; insecure = true means HTTP.");
        }

        return new S3Options
        {
            ServerAddress = address,
            BucketName = read.Key("bucket_name", P0, "The bucket. It must exist.").Required(),
            BucketLocation = read.Key("bucket_location", P1, "The bucket's region.").Text("us-east-1"),
            Insecure = read.Key("insecure", P0, "HTTP instead of HTTPS.").Flag(false),
            PathStyle = read.Key("path_style", P1, "The bucket in the path instead of in the host's name. Not set: true unless the server is AWS's or Google's.").Flag() ?? !IsVirtualHosted(address),
            AccessKey = read.Key("access_key", P0, "The login. Not set: from the file, else from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY of the runner's environment.").Text(),
            SecretKey = read.Key("secret_key", P0, "Likewise. A file keeps it better.").Text(),
            SessionToken = read.Key("session_token", P2, "Of a temporary login.").Text(),
            AccessKeyFile = read.Key("access_key_file", Own, "A file that holds the access key.").Text(),
            SecretKeyFile = read.Key("secret_key_file", Own, "A file that holds the secret key.").Text(),
            SessionTokenFile = read.Key("session_token_file", Own, "A file that holds the session token.").Text(),
            CaFile = read.Key("ca_file", Own, "File of the CAs that sign the server's certificate (PEM). Not set: the system's, and in the pod the helper image's.").Text(),
            Encryption = read.Key("server_side_encryption", P2, "Asked for with every object.").Word("S3", "KMS") switch
            {
                "S3" => ServerSideEncryption.S3,
                "KMS" => ServerSideEncryption.Kms,
                _ => ServerSideEncryption.None,
            },
            EncryptionKeyId = read.Key("server_side_encryption_key_id", P2, "With KMS: the key.").Text(),
        };
    }

    /// <summary>gitlab-runner's default: AWS and Google have the bucket in the host's name, everybody else in the path.</summary>
    private static bool IsVirtualHosted(string address) =>
        address.EndsWith(".amazonaws.com", StringComparison.OrdinalIgnoreCase) || address.EndsWith("storage.googleapis.com", StringComparison.OrdinalIgnoreCase);
}
