namespace PodExecutor.Driver.Options;

/// <summary>Reads [cache] and [cache.s3].</summary>
internal static class CacheTable
{
    private const int Day = 86_400;

    /// <returns>Null if the file has no such table: caches are then the runner's business.</returns>
    public static CacheOptions? Read(OptionsReader root)
    {
        if (!root.Has("cache"))
        {
            return null;
        }

        var read = root.Table("cache");
        read.Word("type", "s3");
        var s3 = read.Table("s3");
        var options = new CacheOptions
        {
            Path = (read.Text("path") ?? "").Trim('/'),
            Shared = read.Flag("shared", false),
            MaxUploadedArchiveSize = read.Bytes("max_uploaded_archive_size"),
            GrantLifetime = read.Seconds("grant_lifetime", 600, 1, 7 * Day),
            RequestTimeout = read.Seconds("request_timeout", 10, 1, 600),
            RetryBudget = read.Seconds("retry_budget", 20, 0, 3_600),
            KeepFor = read.Seconds("keep_for", 30 * Day, 60, 3_650 * Day),
            ProjectQuota = read.Bytes("project_quota"),
            LongestJob = read.Seconds("longest_job", Day, 1, 30 * Day),
            S3 = S3(s3),
        };
        s3.Done();
        read.Done();
        return options;
    }

    private static S3Options S3(OptionsReader read)
    {
        var address = read.Required("server_address");
        if (address.Contains('/', StringComparison.Ordinal))
        {
            read.Problem("server_address", "is host and port only", "Write server_address = \"minio.example.com:9000\"; insecure = true means HTTP.");
        }

        var encryption = read.Word("server_side_encryption", "S3", "KMS");
        return new S3Options
        {
            ServerAddress = address,
            BucketName = read.Required("bucket_name"),
            BucketLocation = read.Text("bucket_location", "us-east-1"),
            Insecure = read.Flag("insecure", false),
            PathStyle = read.Flag("path_style", !IsVirtualHosted(address)),
            AccessKey = read.Text("access_key"),
            SecretKey = read.Text("secret_key"),
            SessionToken = read.Text("session_token"),
            AccessKeyFile = read.Text("access_key_file"),
            SecretKeyFile = read.Text("secret_key_file"),
            SessionTokenFile = read.Text("session_token_file"),
            CaFile = read.Text("ca_file"),
            Encryption = encryption switch { "S3" => ServerSideEncryption.S3, "KMS" => ServerSideEncryption.Kms, _ => ServerSideEncryption.None },
            EncryptionKeyId = read.Text("server_side_encryption_key_id"),
        };
    }

    /// <summary>gitlab-runner's default: AWS and Google have the bucket in the host's name, everybody else in the path.</summary>
    private static bool IsVirtualHosted(string address) =>
        address.EndsWith(".amazonaws.com", StringComparison.OrdinalIgnoreCase) || address.EndsWith("storage.googleapis.com", StringComparison.OrdinalIgnoreCase);
}
