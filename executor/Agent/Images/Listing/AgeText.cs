namespace PodExecutor.Agent.Images.Listing;

/// <summary>How long ago something was, in docker's words (docker/go-units HumanDuration).</summary>
internal static class AgeText
{
    public static string Of(TimeSpan age) => age switch
    {
        { TotalSeconds: < 1 } => "Less than a second ago",
        { TotalSeconds: < 2 } => "1 second ago",
        { TotalMinutes: < 1 } => $"{(int)age.TotalSeconds} seconds ago",
        { TotalMinutes: < 2 } => "About a minute ago",
        { TotalHours: < 1 } => $"{(int)age.TotalMinutes} minutes ago",
        { TotalMinutes: < 90 } => "About an hour ago",
        { TotalHours: < 48 } => $"{(int)Math.Round(age.TotalHours)} hours ago",
        _ => $"{(int)age.TotalDays} days ago",
    };
}
