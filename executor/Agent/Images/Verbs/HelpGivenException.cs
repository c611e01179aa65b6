namespace PodExecutor.Agent.Images.Verbs;

/// <summary>A verb was asked for its help, which is printed: nothing more is to be done.</summary>
internal sealed class HelpGivenException : Exception;
