using k8s.Models;
using PodExecutor.Driver.Pods;

namespace PodExecutor.Tests.Unit.Core.Pods;

public sealed class PodEventTests
{
    [Theory]
    [InlineData("spec.containers{build}", "build")]
    [InlineData("spec.initContainers{redis}", "redis")]
    [InlineData("spec.ephemeralContainers{debug}", "")]
    [InlineData("spec.containers{", "")]
    [InlineData("", "")]
    [InlineData(null, "")]
    public void Container_OfAnEvent_IsFoundForContainersAndSidecars(string? field, string container)
    {
        var source = new Corev1Event { Reason = "Started", InvolvedObject = new V1ObjectReference { FieldPath = field } };

        Assert.Equal(container, PodEvent.Of(source).Container);
    }
}
