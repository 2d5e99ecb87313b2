"""Phase: of signals, phase response, isochrons, coupling, rotation numbers."""
