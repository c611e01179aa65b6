using System.Globalization;
using PodExecutor.Cache;
using PodExecutor.Tests.Unit.Cache.Doubles;
using PodExecutor.Tests.Unit.Cache.Fuzzing;

namespace PodExecutor.Tests.Unit.Cache;

/// <summary>
/// Damaged and invented input for all readers: each must take it or say that it is damaged, and write nothing outside. A short run by
/// default; POD_EXECUTOR_FUZZ_SECONDS gives a longer one, which adds what it finds to POD_EXECUTOR_FUZZ_CORPUS.
/// </summary>
public class FuzzTests
{
    private const int Inputs = 400;

    public static TheoryData<string> Targets => [.. FuzzTarget.All.Select(t => t.Name)];

    [Theory]
    [MemberData(nameof(Targets))]
    public void Reader_MutatedInput_TakesItOrSaysThatItIsDamaged(string name)
    {
        var target = FuzzTarget.All.Single(t => t.Name == name);
        var seconds = int.TryParse(Environment.GetEnvironmentVariable("POD_EXECUTOR_FUZZ_SECONDS"), CultureInfo.InvariantCulture, out var given) ? given : 0;
        var corpus = Environment.GetEnvironmentVariable("POD_EXECUTOR_FUZZ_CORPUS");
        var start = TimeProvider.System.GetTimestamp();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        using var place = new FuzzPlace();
        for (var i = 0; seconds == 0 ? i < Inputs : TimeProvider.System.GetElapsedTime(start).TotalSeconds < seconds; i++)
        {
            var input = new Mutation(i).Of(target.Seeds);
            var outcome = place.Try(target, input, $"{name} {i}", corpus);
            if (corpus is not null && seen.Add(outcome))
            {
                File.WriteAllBytes(Path.Combine(corpus, string.Create(CultureInfo.InvariantCulture, $"{name}-{i}")), input);
            }

            if (i % 100 == 0)
            {
                place.Clear();
            }
        }

        place.AssertNothingOutside();
    }

    [Fact]
    public void Reader_KeptInput_TakesItOrSaysThatItIsDamaged()
    {
        var files = Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Cache", "Corpus"));
        Assert.NotEmpty(files);
        using var place = new FuzzPlace();
        foreach (var file in files)
        {
            var name = Path.GetFileName(file);
            place.Try(FuzzTarget.All.Single(t => t.Name == name[..name.LastIndexOf('-')]), File.ReadAllBytes(file), name, null);
            place.Clear();
        }

        place.AssertNothingOutside();
    }

    /// <summary>A workspace with a parent in which nothing may appear.</summary>
    private sealed class FuzzPlace : IDisposable
    {
        private readonly string _root = Directory.Exists("/dev/shm")
            ? Directory.CreateDirectory("/dev/shm/pex-fuzz-" + Guid.NewGuid().ToString("N")).FullName
            : Directory.CreateTempSubdirectory("fuzz-").FullName;

        public FuzzPlace() => Directory.CreateDirectory(Workspace);

        private string Workspace => Path.Combine(_root, "build");

        /// <returns>What became of it, without the parts that differ from input to input.</returns>
        public string Try(FuzzTarget target, byte[] input, string name, string? corpus)
        {
            try
            {
                target.Read(input, Workspace);
                return "taken";
            }
            catch (CacheDamagedException e)
            {
                return System.Text.RegularExpressions.Regex.Replace(e.Message, @"entry .* is refused|\d+|[^\x20-\x7e]", "…");
            }
            catch (Exception e)
            {
                if (corpus is not null)
                {
                    File.WriteAllBytes(Path.Combine(corpus, name.Replace(' ', '-')), input);
                }

                Assert.Fail($"{name}: {e}");
                throw;
            }
        }

        public void Clear()
        {
            Shell.Run("chmod", "-R", "u+rwx", Workspace);
            Shell.Run("find", Workspace, "-mindepth", "1", "-delete");
        }

        public void AssertNothingOutside() =>
            Assert.DoesNotContain(Directory.GetFileSystemEntries(_root), e => Path.GetFileName(e) is not ("build" or "input"));

        public void Dispose()
        {
            Clear();
            Shell.Run("rm", "-rf", _root);
        }
    }
}
