using PodExecutor.Driver.Cluster;
using PodExecutor.Driver.Options;

namespace PodExecutor.Driver.Operations.Doctor;

/// <summary>What a check may look at.</summary>
/// <param name="Options">Null if the options file has errors.</param>
/// <param name="Api">Null if the cluster cannot be reached.</param>
internal sealed record DoctorContext(DoctorRequest Request, ExecutorOptions? Options, ApiClient? Api, TimeProvider Time);

/// <summary>What a check needs before it can look at anything.</summary>
internal enum CheckNeed
{
    Nothing,

    /// <summary><see cref="DoctorContext.Options"/> is there.</summary>
    Options,

    /// <summary>So is <see cref="DoctorContext.Api"/>.</summary>
    Cluster,
}

/// <summary>One check: a name for the table, what it needs, and how it looks. One file each in Checks.</summary>
/// <param name="Name">One or two words.</param>
/// <param name="RunAsync">Gives its findings, never none. What it lets out as FailureException or ApiException becomes an error.</param>
internal sealed record DoctorCheck(string Name, CheckNeed Need, Func<DoctorContext, CancellationToken, Task<IReadOnlyList<Finding>>> RunAsync);
