using PodExecutor.Driver.Operations.Runner;
using PodExecutor.Driver.Options;

namespace PodExecutor.Driver.Operations.Migrate;

/// <summary>[runners.cache] → [cache]. Pure. Keys to the bucket go into files of their own.</summary>
internal static class CacheMigration
{
    private const string Root = "runners.cache";
    private const string Amazon = "s3.amazonaws.com";

    /// <summary>gitlab-runner's names (common/config.go, CacheConfig and CacheS3Config) to ours.</summary>
    private static readonly Dictionary<string, string> Keys = new()
    {
        ["Type"] = "type",
        ["Path"] = "path",
        ["Shared"] = "shared",
        ["MaxUploadedArchiveSize"] = "max_uploaded_archive_size",
    };

    private static readonly Dictionary<string, string> S3Keys = new()
    {
        ["ServerAddress"] = "server_address",
        ["BucketName"] = "bucket_name",
        ["BucketLocation"] = "bucket_location",
        ["Insecure"] = "insecure",
        ["PathStyle"] = "path_style",
        ["ServerSideEncryption"] = "server_side_encryption",
        ["ServerSideEncryptionKeyID"] = "server_side_encryption_key_id",
    };

    /// <summary>Secrets: the key that names the file, and the file's name.</summary>
    private static readonly Dictionary<string, (string Key, string File)> Secrets = new()
    {
        ["AccessKey"] = ("access_key_file", "cache-access-key"),
        ["SecretKey"] = ("secret_key_file", "cache-secret-key"),
        ["SessionToken"] = ("session_token_file", "cache-session-token"),
    };

    private static readonly Dictionary<string, (Fate Fate, string Text)> Others = new()
    {
        ["AuthenticationType"] = (Fate.NotNeeded, "the login is the key files, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY of the runner's environment"),
        ["DualStack"] = (Fate.NotSupported, "name the dual-stack host as server_address"),
        ["Accelerate"] = (Fate.NotSupported, "name the accelerate host as server_address"),
        ["RoleARN"] = (Fate.NotSupported, "use a login that may write into the bucket; uploads in parts need no role here"),
        ["UploadRoleARN"] = (Fate.NotNeeded, "uploads in parts need no role here"),
        ["AssumeRoleMaxConcurrency"] = (Fate.NotNeeded, "no role is assumed"),
        ["DisableAssumeRoleCredentialsCaching"] = (Fate.NotNeeded, "no role is assumed"),
    };

    /// <summary>The runner's cache if it is one that we serve; others stay with gitlab-runner's own scripts.</summary>
    public static TomlTable? Served(RunnerEntry runner)
    {
        var cache = runner.Table.Table("cache");
        return cache?.Text("Type") is "s3" && cache.Table("s3") is not null ? cache : null;
    }

    /// <param name="prefix">Of the secret files' names: runners have different keys.</param>
    public static (TomlTable Cache, IReadOnlyList<MigratedFile> Files, IReadOnlyList<KeyFate> Fates) Of(TomlTable cache, string prefix, MigrateRequest request)
    {
        var fates = new List<KeyFate>();
        var files = new List<MigratedFile>();
        var result = Rename(cache, Keys, "cache", Root, fates);
        var s3 = cache.Table("s3")!;
        var ours = Rename(s3, S3Keys, "cache.s3", $"{Root}.s3", fates);
        if (!ours.Values.ContainsKey("server_address"))
        {
            ours.Values["server_address"] = new TomlValue(Amazon, s3.Line);
            fates.Add(new KeyFate($"{Root}.s3.ServerAddress", 0, Fate.OtherDefault, $"cache.s3.server_address = \"{Amazon}\" is written out: it was gitlab-runner's default"));
        }

        foreach (var (name, value) in s3.Values)
        {
            if (Secrets.TryGetValue(name, out var secret) && value.Value is string text)
            {
                var file = prefix + secret.File;
                files.Add(new MigratedFile(file, text + "\n", IsSecret: true));
                ours.Values[secret.Key] = new TomlValue(Path.Combine(request.InstallDirectory, file), value.Line);
                fates.Add(new KeyFate($"{Root}.s3.{name}", value.Line, Fate.Renamed, $"cache.s3.{secret.Key}: the value is in the file {file}, which only its owner may read"));
            }
        }

        result.Values["s3"] = new TomlValue(ours, s3.Line);
        return (result, files, fates);
    }

    private static TomlTable Rename(TomlTable source, Dictionary<string, string> names, string target, string path, List<KeyFate> fates)
    {
        var result = new TomlTable(source.Line);
        foreach (var (name, value) in source.Values.Where(v => v.Key != "s3" && !Secrets.ContainsKey(v.Key)))
        {
            if (names.TryGetValue(name, out var ours))
            {
                result.Values[ours] = value;
                fates.Add(new KeyFate($"{path}.{name}", value.Line, Fate.Renamed, $"{target}.{ours}"));
                continue;
            }

            var (fate, text) = Others.TryGetValue(name, out var other) ? other
                : value.Value is TomlTable ? (Fate.NotNeeded, "the cache's Type is s3")
                : (Fate.NotSupported, "pod-executor does not know this key");
            fates.Add(new KeyFate($"{path}.{name}", value.Line, fate, text));
        }

        return result;
    }
}
