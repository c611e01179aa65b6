using PodExecutor.Driver.Job;
using PodExecutor.Driver.Options;

namespace PodExecutor.Driver.Cache.Store;

/// <summary>Finds the login: the options' keys, else their files (for mounted Secrets), else the environment's.</summary>
internal static class StoreLogins
{
    /// <exception cref="StoreException">There is none, or a file cannot be read.</exception>
    public static StoreLogin Find(S3Options options, StoreLogin environment)
    {
        var access = options.AccessKey ?? Read(options.AccessKeyFile);
        var secret = options.SecretKey ?? Read(options.SecretKeyFile);
        if (access is null && secret is null)
        {
            return environment is { AccessKey.Length: > 0, SecretKey.Length: > 0 } ? environment : throw new StoreException(
                "there is no login for the cache's store: set cache.s3.access_key and secret_key, access_key_file and secret_key_file, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the runner's environment",
                isTransient: false);
        }

        return access is { Length: > 0 } && secret is { Length: > 0 }
            ? new StoreLogin(access, secret, options.SessionToken ?? Read(options.SessionTokenFile))
            : throw new StoreException("the login for the cache's store has only one half: cache.s3 needs both access key and secret key", isTransient: false);
    }

    private static string? Read(string? file)
    {
        try
        {
            return file is null ? null : File.ReadAllText(file).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StoreException($"the login for the cache's store cannot be read: {e.Message}", isTransient: false, inner: e);
        }
    }
}
