namespace PodExecutor.Tests.Unit.Artifacts;

[Collection(nameof(Alone))]
public sealed class LargeUploadTests : IDisposable
{
    private readonly BuildDirectory _build = new();

    public void Dispose() => _build.Dispose();

    [Fact]
    public async Task Upload_LargeFile_IsStreamed()
    {
        const long size = 300L * 1024 * 1024;
        await using var gitlab = await CoordinatorDouble.StartAsync(
            (context, _) =>
            {
                context.Response.StatusCode = 201;
                return Task.CompletedTask;
            },
            keepFile: false);
        await using (var sparse = File.Create(_build.At("big")))
        {
            sparse.SetLength(size);
        }

        var before = GC.GetTotalAllocatedBytes(precise: true);
        Assert.Equal(0, await _build.UploadAsync(gitlab.Url, "--path", "big", "--artifact-format", "raw"));
        var allocated = GC.GetTotalAllocatedBytes(precise: true) - before;

        // Server and client together: anything that keeps the body allocates all of it.
        Assert.InRange(allocated, 0, size / 3);
        Assert.Equal(await HashOfZerosAsync(size), gitlab.Requests.Single().Hash);
    }

    private static Task<string> HashOfZerosAsync(long size) => Task.Run(() =>
    {
        using var hash = System.Security.Cryptography.IncrementalHash.CreateHash(System.Security.Cryptography.HashAlgorithmName.SHA256);
        var zeros = new byte[1024 * 1024];
        for (var done = 0L; done < size; done += zeros.Length)
        {
            hash.AppendData(zeros);
        }

        return Convert.ToHexString(hash.GetHashAndReset());
    });
}
