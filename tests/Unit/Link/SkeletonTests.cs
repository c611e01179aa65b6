namespace PodExecutor.Tests.Unit.Link;

public class SkeletonTests
{
    [Fact]
    public void Ping_Serialized_IsEmpty() => Assert.Equal(0, new PodExecutor.Link.Ping().CalculateSize());
}
