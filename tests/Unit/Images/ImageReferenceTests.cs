using PodExecutor.Agent.Images;
using PodExecutor.Agent.Images.References;

namespace PodExecutor.Tests.Unit.Images;

public sealed class ImageReferenceTests
{
    [Theory]
    [InlineData("debian", "docker.io/library/debian:latest", "debian")]
    [InlineData("team/app:1", "docker.io/team/app:1", "team/app")]
    [InlineData("harbor.local.com/devops/demo:main-1a2b3c4d-77", "harbor.local.com/devops/demo:main-1a2b3c4d-77", "harbor.local.com/devops/demo")]
    [InlineData("localhost/app", "localhost/app:latest", "localhost/app")]
    [InlineData("127.0.0.1:15000/a/b/c:x.y_z", "127.0.0.1:15000/a/b/c:x.y_z", "127.0.0.1:15000/a/b/c")]
    [InlineData("index.docker.io/library/debian:12", "docker.io/library/debian:12", "debian")]
    [InlineData("r.io/a@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "r.io/a@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "r.io/a")]
    [InlineData(" harbor.local.com/devops/demo:1 ", "harbor.local.com/devops/demo:1", "harbor.local.com/devops/demo")]
    public void Parse_OfAName_IsDockers(string text, string full, string familiar)
    {
        var reference = ImageReference.Parse(text);

        Assert.Equal((full, familiar), (reference.Full, reference.Familiar));
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData("r.io/app:", "tag is empty")]
    [InlineData("r.io//app", "part of its path is empty")]
    [InlineData("r.io/App", "lower case")]
    [InlineData("https://r.io/app", "scheme")]
    [InlineData("r.io/app:feature/x", "tag holds a slash")]
    [InlineData("r.io/a b", "blank")]
    [InlineData("r.io/app:1:2", "not allowed")]
    public void Parse_OfNoName_SaysWhy(string text, string why) =>
        Assert.Contains(why, Assert.Throws<ImageException>(() => ImageReference.Parse(text)).Message);

    [Theory]
    [InlineData("r.io", true)]
    [InlineData("r.io/group", true)]
    [InlineData("r.io/group/app", true)]
    [InlineData("r.io/gro", false)]
    [InlineData("r.io/group/app/more", false)]
    [InlineData("other.io", false)]
    [InlineData("r.io/*/app", true)]
    [InlineData("*/group/*", true)]
    [InlineData("r.io/*/other", false)]
    public void IsCoveredBy_ARule_MeansWholePathParts(string rule, bool covered) =>
        Assert.Equal(covered, ImageReference.Parse("r.io/group/app:1").IsCoveredBy(rule));

    [Theory]
    [InlineData("a.example.com/team", "*.example.com/team", true)]
    [InlineData("evil.io/a.example.com/team", "*.example.com/team", false)]
    [InlineData("a.example.com/team/app", "*.example.com/team", false)]
    [InlineData("a.example.com/team/app/more", "*.example.com/team/*", true)]
    [InlineData("a.example.com/team/app", "*.example.com", true)]
    [InlineData("evil.io/a.example.com/app", "*.example.com", false)]
    [InlineData("evil.io/app", "*", true)]
    public void IsCoveredBy_APatternOfRegistries_LeavesThePathApart(string image, string rule, bool covered) => Assert.Equal(covered, ImageReference.Parse(image).IsCoveredBy(rule));
}
