using PodExecutor.Agent.Builders.Choosing;

namespace PodExecutor.Tests.Unit.Builders;

public sealed class RendezvousTests
{
    private static readonly string[] Five = ["buildkit-0", "buildkit-1", "buildkit-2", "buildkit-3", "buildkit-4"];

    [Fact]
    public void Order_IsTheSameForEveryPodAndWhateverTheListsOrder() =>
        Assert.Equal(Rendezvous.Order("7\nDockerfile", Five, n => n), Rendezvous.Order("7\nDockerfile", Five.Reverse(), n => n));

    [Fact]
    public void Order_SpreadsProjects()
    {
        var counts = Enumerable.Range(0, 1000).Select(p => Rendezvous.Order($"{p}\nDockerfile", Five, n => n)[0]).CountBy(n => n).ToList();

        Assert.Equal(5, counts.Count);
        Assert.All(counts, c => Assert.InRange(c.Value, 120, 280));
    }

    [Fact]
    public void Order_WithoutOneBuilder_MovesOnlyItsOwnBuilds() =>
        Assert.All(Enumerable.Range(0, 200), p =>
        {
            var all = Rendezvous.Order($"{p}", Five, n => n);
            Assert.Equal(all.Where(n => n != "buildkit-2"), Rendezvous.Order($"{p}", Five.Where(n => n != "buildkit-2"), n => n));
        });
}
