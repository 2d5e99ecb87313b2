"""LEMS component types of the graded model, which are not part of NeuroML 2."""

from xml.etree import ElementTree
from xml.etree.ElementTree import Element

# jLEMS connects inputs only to cells with an event port that something drives, and only
# inputs that listen; hence a spike that never comes (s stays below 1) and a deaf port.
# "threshold" is a reserved word of NEURON; hence Vth.
_GRADED = """
<types>
  <ComponentType name="gradedNeuron" extends="baseCellMembPotCap"
      description="Passive cell with the activation s of its synapses (Wicks et al., 1996).">
    <Parameter name="leakConductance" dimension="conductance"/>
    <Parameter name="leakReversal" dimension="voltage"/>
    <Parameter name="Vth" dimension="voltage"/>
    <Parameter name="steepness" dimension="per_voltage"/>
    <Parameter name="activationRate" dimension="per_time"/>
    <Parameter name="decayRate" dimension="per_time"/>
    <Parameter name="initialPotential" dimension="voltage"/>
    <Parameter name="initialActivation" dimension="none"/>
    <Exposure name="s" dimension="none"/>
    <Attachments name="synapses" type="basePointCurrent"/>
    <Dynamics>
      <StateVariable name="v" exposure="v" dimension="voltage"/>
      <StateVariable name="s" exposure="s" dimension="none"/>
      <DerivedVariable name="iSyn" exposure="iSyn" dimension="current"
          select="synapses[*]/i" reduce="add"/>
      <DerivedVariable name="iMemb" exposure="iMemb" dimension="current"
          value="leakConductance * (leakReversal - v) + iSyn"/>
      <DerivedVariable name="phi" dimension="none" value="1 / (1 + exp(steepness * (Vth - v)))"/>
      <TimeDerivative variable="v" value="iMemb / C"/>
      <TimeDerivative variable="s" value="activationRate * phi * (1 - s) - decayRate * s"/>
      <OnStart>
        <StateAssignment variable="v" value="initialPotential"/>
        <StateAssignment variable="s" value="initialActivation"/>
      </OnStart>
      <OnCondition test="s .gt. 1">
        <EventOut port="spike"/>
      </OnCondition>
    </Dynamics>
  </ComponentType>
  <ComponentType name="gradedConductance" extends="baseGradedSynapse"
      description="Current g s (erev - v), where s follows the potential of the sender.">
    <Property name="weight" dimension="none" defaultValue="1"/>
    <Parameter name="conductance" dimension="conductance"/>
    <Parameter name="erev" dimension="voltage"/>
    <Parameter name="Vth" dimension="voltage"/>
    <Parameter name="steepness" dimension="per_voltage"/>
    <Parameter name="activationRate" dimension="per_time"/>
    <Parameter name="decayRate" dimension="per_time"/>
    <Parameter name="initialActivation" dimension="none"/>
    <Exposure name="i" dimension="current"/>
    <Requirement name="v" dimension="voltage"/>
    <InstanceRequirement name="peer" type="baseGradedSynapse"/>
    <Dynamics>
      <StateVariable name="s" dimension="none"/>
      <DerivedVariable name="vpeer" dimension="voltage" select="peer/v"/>
      <DerivedVariable name="phi" dimension="none"
          value="1 / (1 + exp(steepness * (Vth - vpeer)))"/>
      <DerivedVariable name="i" exposure="i" dimension="current"
          value="weight * conductance * s * (erev - v)"/>
      <TimeDerivative variable="s" value="activationRate * phi * (1 - s) - decayRate * s"/>
      <OnStart>
        <StateAssignment variable="s" value="initialActivation"/>
      </OnStart>
    </Dynamics>
  </ComponentType>
</types>
"""


def graded_types() -> list[Element]:
    """The cell and the synapse of the graded model; s_i is that of every synapse of cell i."""
    return list(ElementTree.fromstring(_GRADED))
