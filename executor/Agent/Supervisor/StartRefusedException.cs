using PodExecutor.Link;

namespace PodExecutor.Agent.Supervisor;

/// <summary>A script cannot be started here; the driver is told why.</summary>
internal sealed class StartRefusedException(Refused.Types.Reason reason, string detail) : Exception(detail)
{
    public Refused.Types.Reason Reason { get; } = reason;
}
