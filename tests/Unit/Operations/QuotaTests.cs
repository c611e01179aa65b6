using k8s.Models;
using PodExecutor.Driver.Operations.Doctor;
using PodExecutor.Driver.Operations.Doctor.Checks;

namespace PodExecutor.Tests.Unit.Operations;

/// <summary>Quotas and limit ranges against a pod whose containers want 1 CPU and 1 Gi, and half a CPU and nothing of memory.</summary>
public class QuotaTests
{
    [Theory]
    [InlineData("pods", "10", "3", "Ok", "pods 3 of 10")]
    [InlineData("pods", "10", "10", "Warning", "no further job fits")]
    [InlineData("limits.cpu", "1500m", "0", "Ok", "limits.cpu 0 of 1500m")]
    [InlineData("requests.cpu", "2", "501m", "Warning", "no further job fits into quota q now: requests.cpu 501m of 2, one job takes 1.5")]
    [InlineData("limits.cpu", "1", "0", "Error", "no job ever fits into quota q: limits.cpu is 1")]
    [InlineData("limits.memory", "8Gi", "0", "Warning", "quota q counts limits.memory, and the helper container sets none")]
    [InlineData("services", "0", "0", "Ok", "services 0 of 0")]
    public void Quota_IsHeldAgainstOneJob(string row, string hard, string used, string severity, string what)
    {
        var quota = new V1ResourceQuota
        {
            Metadata = new V1ObjectMeta { Name = "q" },
            Status = new V1ResourceQuotaStatus
            {
                Hard = new Dictionary<string, ResourceQuantity> { [row] = new(hard) },
                Used = new Dictionary<string, ResourceQuantity> { [row] = new(used) },
            },
        };

        var finding = Assert.Single(QuotaCheck.Judge(quota, new PodDemand(Pod)));

        Assert.Equal(severity, finding.Severity.ToString());
        Assert.Contains(what, finding.What);
    }

    [Fact]
    public void Quota_ThatWantsALimit_NamesTheKeyThatGivesIt()
    {
        var quota = new V1ResourceQuota { Metadata = new V1ObjectMeta { Name = "q" }, Spec = new V1ResourceQuotaSpec { Hard = new Dictionary<string, ResourceQuantity> { ["limits.memory"] = new("8Gi") } } };

        Assert.Contains("kubernetes.helper_memory_limit", Assert.Single(QuotaCheck.Judge(quota, new PodDemand(Pod))).Remedy);
    }

    [Theory]
    [InlineData("2Gi", null, 0)]
    [InlineData("512Mi", null, 1)]
    [InlineData(null, "2Gi", 1)]
    [InlineData(null, "1Gi", 0)]
    public void LimitRange_IsHeldAgainstEveryContainer(string? most, string? least, int errors)
    {
        var range = new V1LimitRange
        {
            Metadata = new V1ObjectMeta { Name = "r" },
            Spec = new V1LimitRangeSpec
            {
                Limits =
                [
                    new V1LimitRangeItem
                    {
                        Type = "Container",
                        Max = most is null ? null : new Dictionary<string, ResourceQuantity> { ["memory"] = new(most) },
                        Min = least is null ? null : new Dictionary<string, ResourceQuantity> { ["memory"] = new(least) },
                    },
                ],
            },
        };

        var findings = LimitRangeCheck.Judge(range, Pod).ToList();

        Assert.Equal(errors, findings.Count(f => f.Severity == Severity.Error && f.What.Contains("build container", StringComparison.Ordinal)));
        Assert.Equal(errors, findings.Count);
    }

    private static V1Pod Pod => new()
    {
        Spec = new V1PodSpec
        {
            Containers =
            [
                new V1Container { Name = "helper", Resources = new V1ResourceRequirements { Limits = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("500m") } } },
                new V1Container { Name = "build", Resources = new V1ResourceRequirements { Limits = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("1"), ["memory"] = new("1Gi") } } },
            ],
        },
    };
}
