namespace PodExecutor.Driver.Options;

/// <summary>The [cache] table. Keys keep the names of gitlab-runner's [runners.cache].</summary>
internal sealed record CacheOptions
{
    /// <summary>Put before every object's name.</summary>
    public string Path { get; init; } = "";

    /// <summary>Whether runners with other tokens see the same caches.</summary>
    public bool Shared { get; init; }

    /// <summary>Bytes of files in one cache at most; 0: no limit.</summary>
    public long MaxUploadedArchiveSize { get; init; }

    /// <summary>How long the pod may use one presigned request.</summary>
    public TimeSpan GrantLifetime { get; init; }

    /// <summary>One request of ours to the store.</summary>
    public TimeSpan RequestTimeout { get; init; }

    /// <summary>How long the store may be away before a restore is a miss and a save is given up.</summary>
    public TimeSpan RetryBudget { get; init; }

    /// <summary>How long `cache gc` keeps a key that nobody uses.</summary>
    public TimeSpan KeepFor { get; init; }

    /// <summary>Bytes of one project at most, kept by `cache gc`; 0: no limit.</summary>
    public long ProjectQuota { get; init; }

    /// <summary>Longer than any job: `cache gc` removes no pack that is younger.</summary>
    public TimeSpan LongestJob { get; init; }

    /// <summary>Image builds keep their layer cache in the bucket, too. The login then goes to the builders, never to a pod's script.</summary>
    public bool Build { get; init; }

    public required S3Options S3 { get; init; }
}

internal enum ServerSideEncryption
{
    None,
    S3,
    Kms,
}

/// <summary>The [cache.s3] table. Keys keep the names of gitlab-runner's [runners.cache.s3].</summary>
internal sealed record S3Options
{
    /// <summary>Host, and port where it is not the scheme's own.</summary>
    public required string ServerAddress { get; init; }

    public required string BucketName { get; init; }

    public string BucketLocation { get; init; } = "us-east-1";

    /// <summary>HTTP instead of HTTPS.</summary>
    public bool Insecure { get; init; }

    /// <summary>The bucket in the path instead of in the host's name.</summary>
    public bool PathStyle { get; init; }

    /// <summary>From the file itself. Null: from the file's or the environment's.</summary>
    public string? AccessKey { get; init; }

    public string? SecretKey { get; init; }

    public string? SessionToken { get; init; }

    public string? AccessKeyFile { get; init; }

    public string? SecretKeyFile { get; init; }

    public string? SessionTokenFile { get; init; }

    /// <summary>A PEM file of the authorities that sign the server's certificate; null: the system's.</summary>
    public string? CaFile { get; init; }

    public ServerSideEncryption Encryption { get; init; }

    public string? EncryptionKeyId { get; init; }

    /// <summary>Without the secrets.</summary>
    public override string ToString() => $"{(Insecure ? "http" : "https")}://{ServerAddress}/{BucketName}";
}
