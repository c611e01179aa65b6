using System.Text;
using PodExecutor.Driver.Cache;
using PodExecutor.Driver.Cache.Store;
using PodExecutor.Driver.Job;

namespace PodExecutor.Driver.Operations.Doctor.Checks;

/// <summary>Whether the cache's bucket is there and the login may list, write, read and remove in it. Leaves nothing.</summary>
internal static class CacheStoreCheck
{
    public static async Task<IReadOnlyList<Finding>> RunAsync(DoctorContext context, CancellationToken cancel)
    {
        if (context.Options!.Cache is not { } options)
        {
            return [Finding.Note("caches are left to the runner's own scripts", "the options file has no [cache]", "See docs/cache.md.")];
        }

        try
        {
            var login = StoreLogins.Find(options.S3, JobRequest.ReadStoreLogin(Environment.GetEnvironmentVariable));
            using var store = new S3Store(options, login, context.Time);
            return [await TryAsync(store, $"{CacheNames.Root(options)}pod-executor-doctor/{Guid.NewGuid():N}", options.S3.ToString(), cancel)];
        }
        catch (StoreException e)
        {
            return [Finding.Warning("jobs run, but without caches", e.Message, "Correct [cache.s3] in the options file, or the store: see docs/cache.md.")];
        }
    }

    private static async Task<Finding> TryAsync(S3Store store, string name, string place, CancellationToken cancel)
    {
        await store.CheckAsync(cancel);
        var content = Encoding.UTF8.GetBytes(name);
        await store.WriteAsync(name, content, cancel);
        var read = await store.ReadAsync(name, content.Length, cancel);
        await store.RemoveAsync(name, cancel);
        return read is not null && read.AsSpan().SequenceEqual(content)
            ? Finding.Ok($"{place} can be listed, written, read and removed in")
            : Finding.Warning("jobs run, but caches may be lost", $"{place} does not give back what was written", "Ask the store's operator: pod-executor needs a store that is consistent after a write.");
    }
}
